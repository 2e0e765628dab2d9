# Pages de la passerelle locale. Typographie française : espace insécable avant « : ; ? ! » et dans les guillemets.

test-mark = TEST – ne pas utiliser pour de vrais patients

home-title = cps-agent
home-text = L’agent CPS de ce poste fonctionne. Vous pouvez fermer cette page.

login-title = Connexion
login-asks = { $application } demande que vous vous identifiiez.
login-choose = Choisissez comment vous connecter :
login-again = Réessayer :
login-no-way = Aucun mode de connexion n’est autorisé pour ce logiciel. Prévenez votre administrateur.
login-cancel = Annuler
login-next = Continuer
login-expected = Ce logiciel attend la personne d’identifiant { $identifier }.
login-identifier = Votre identifiant national (8 suivi de votre numéro RPPS) :

way-browser = Pro Santé Connect dans le navigateur
way-ecps = e-CPS sur votre téléphone
way-card = Carte CPS
way-token = Jeton e-CPS de ce poste
way-local = Carte CPS, sans Pro Santé Connect

hint-insert-card = Insérez votre carte CPS dans le lecteur.
hint-choose-card = Plusieurs cartes sont présentes. Choisissez la vôtre, ou retirez les autres :
hint-card = Carte n° { $serial }
hint-type-pin = Tapez votre code dans la fenêtre qui vient de s’ouvrir, ou sur le clavier du lecteur.
hint-wait = Connexion en cours…
hint-number-phone = Une demande part vers l’application e-CPS de { $identifier }. Acceptez-la seulement si elle montre le même nombre.
hint-number-card = L’outil de gestion de carte demande la carte de { $identifier }. Acceptez seulement s’il montre le même nombre.
hint-number = Nombre à comparer :
hint-browse = La connexion se poursuit sur la page du service d’authentification.
hint-browse-link = Ouvrir cette page

consent-title = Autorisation
consent-asks = { $application } demande à vous connaître, pour la première fois.
consent-person = Vous êtes { $person }.
consent-learns = Ce logiciel connaîtra :
consent-yes = Autoriser
claim-given_name = votre prénom
claim-family_name = votre nom
claim-SubjectNameID = votre identifiant national
claim-SubjectRole = votre profession et votre spécialité
claim-SubjectOrganization = votre structure
claim-SubjectRefPro = vos situations d’exercice
claim-psc_token = un jeton Pro Santé Connect valable en votre nom
claim-psc_evidence = la preuve de connexion remise par Pro Santé Connect

situation-choose = Dans quelle situation travaillez-vous ? Ce logiciel ne connaîtra que celle-ci :

logout-title = Déconnexion
logout-ask = Voulez-vous vous déconnecter de tous les logiciels de ce poste ?
logout-yes = Se déconnecter
logout-no = Rester connecté
logout-done = Vous êtes déconnecté. Vous pouvez fermer cette page.
logout-kept = Vous êtes toujours connecté. Vous pouvez fermer cette page.

refused-title = Connexion impossible
refused-text = Le logiciel qui vous a envoyé ici n’a pas été reconnu. Rien ne lui a été transmis.

gone-title = Page expirée
gone-text = Cette demande de connexion est terminée. Retournez dans votre logiciel et recommencez.
