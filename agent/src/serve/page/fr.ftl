# Pages de la passerelle locale. Typographie française : espace insécable avant « : ; ? ! » et dans les guillemets.

brand = Connexion des professionnels de santé sur ce poste
test-mark = TEST – ne pas utiliser pour de vrais patients
never-a-pin = Le code de votre carte ne se tape jamais dans une page web.

home-title = cps-agent
home-text = L’agent CPS de ce poste fonctionne. Vous pouvez fermer cette page.
home-portal = Pour voir votre carte, votre session et vos applications : dans le menu de l’icône CPS, choisissez « Ouvrir la page de l’agent », ou tapez « cps open » dans un terminal.

login-title = Connexion
login-asks = { $application } vous demande de vous identifier.
login-start = Connectez-vous
login-choose = Choisissez comment vous connecter
login-again = Réessayez
login-cancel = Annuler
login-moment = Un instant…
login-next = Continuer
login-expected = Ce logiciel attend la personne d’identifiant { $identifier }.
login-identifier = Votre identifiant national (8 suivi de votre numéro RPPS) :

way-browser = Dans le navigateur
way-browser-what = La connexion se poursuit sur la page de Pro Santé Connect.
way-browser-what-other = La connexion se poursuit sur la page de { $host }.
way-ecps = e-CPS sur votre téléphone
way-ecps-what = Une demande arrive dans l’application e-CPS ; vous y comparez un nombre à deux chiffres.
way-card = Carte CPS
way-card-what = Votre carte dans le lecteur, puis son code. Pro Santé Connect vous reconnaît.
way-card-what-other = Votre carte dans le lecteur, puis son code. Le service { $host } vous reconnaît.
way-card-what-nobody = Votre carte dans le lecteur, puis son code.
way-token = Jeton e-CPS de ce poste
way-token-what = La clé gardée sur ce poste, puis sa phrase secrète. Pro Santé Connect vous reconnaît.
way-token-what-other = La clé gardée sur ce poste, puis sa phrase secrète. Le service { $host } vous reconnaît.
way-token-what-nobody = La clé gardée sur ce poste, puis sa phrase secrète.
way-local = Carte CPS, sans Pro Santé Connect
way-local-other = Carte CPS, sans service de connexion
way-local-what = Ce poste vérifie lui-même votre carte et son code. Un service en ligne peut demander une autre connexion.
press-browser = Se connecter dans le navigateur
press-ecps = Se connecter par e-CPS
press-card = Se connecter par carte CPS
press-token = Se connecter par jeton e-CPS
press-local = Se connecter par carte, sur ce poste seul
psc-about = En savoir plus sur Pro Santé Connect (nouvelle fenêtre)

reader = Lecteur de carte
reader-none = aucun lecteur n’est branché
reader-no-service = le service de cartes du poste ne répond pas
reader-empty = vide
reader-reading = lecture de la carte…
reader-card = carte insérée
reader-unusable = carte inutilisable
card = Carte
card-number = n° { $serial }
token = Jeton e-CPS
pin = Code
passphrase = Phrase secrète
pin-verified = déjà vérifié
pin-blocked = bloqué
pin-last-try = dernier essai
pin-tries = { $tries } essais restants

hint-insert-card = Insérez votre carte CPS dans le lecteur.
hint-choose-card = Plusieurs cartes sont présentes. Choisissez la vôtre, ou retirez les autres :
hint-card = Carte n° { $serial }
hint-type-pin = Tapez votre code dans la fenêtre qui vient de s’ouvrir, ou sur le clavier du lecteur.
hint-wait = Connexion en cours…
hint-number-phone = Une demande part vers l’application e-CPS de { $identifier }. Acceptez-la seulement si elle montre le même nombre.
hint-number-card = L’outil de gestion de carte demande la carte de { $identifier }. Acceptez seulement s’il montre le même nombre.
hint-number = Nombre à comparer :
number-expires = La demande expire dans { $seconds } s.
hint-browse = La connexion se poursuit sur la page du service de connexion.
hint-browse-link = Ouvrir cette page

consent-title = Autorisation
consent-asks = { $application } demande à vous connaître.
consent-person = Vous êtes { $person }.
consent-learns = Ce logiciel connaîtra :
consent-once = La question ne vous sera pas reposée pour ce logiciel, sauf si vous le déconnectez.
consent-yes = Autoriser
claim-given_name = votre prénom
claim-family_name = votre nom
claim-SubjectNameID = votre identifiant national
claim-SubjectRole = votre profession et votre spécialité
claim-SubjectOrganization = votre structure
claim-SubjectRefPro = vos situations d’exercice
claim-psc_token = un jeton Pro Santé Connect valable en votre nom
claim-psc_evidence = la preuve de connexion remise par Pro Santé Connect

situation-title = Votre situation d’exercice
situation-choose = Dans quelle situation travaillez-vous ? Ce logiciel ne connaîtra que celle-ci :

logout-title = Déconnexion
logout-ask = Voulez-vous vous déconnecter de tous les logiciels de ce poste ?
logout-yes = Se déconnecter
logout-no = Rester connecté
logout-done = Vous êtes déconnecté. Vous pouvez fermer cette page.
logout-kept = Vous êtes toujours connecté. Vous pouvez fermer cette page.

refused-title = Connexion impossible

gone-title = Page expirée

failed-title = Rien à montrer ici

help-code = Qui peut aider : { $who }. Code à lui donner : { $code }.
