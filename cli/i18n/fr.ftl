# Messages de la commande cps. Espace insécable avant « : ; ? ! », apostrophe typographique.

## Aide

help-usage = Utilisation :
help-command = COMMANDE
help-commands = Commandes
help-options = Options
help-arguments = Arguments
arg-help = Affiche cette aide
arg-version = Affiche la version
arg-json = Sortie JSON, pour les programmes
arg-lang = Langue des messages (par défaut celle du système)
arg-socket = Socket de l’agent (par défaut $XDG_RUNTIME_DIR/cps-agent/control.sock)
arg-card = Numéro de série de la carte, nécessaire s’il y en a plusieurs
arg-way = Façon de se connecter : browser, ecps, card, token ou local

cmd = Commande l’agent CPS de ce poste
more =
    Aucune commande ne demande de code : c’est l’agent qui le demande, dans sa fenêtre ou sur le clavier du lecteur.

    Codes de sortie :
      0  c’est fait
      1  refusé, et le message dit quoi faire
      2  commande mal tapée
      3  agent absent, ou faute de notre part

    Exemples :
      cps status
      cps login --way card
      cps card show --json

cmd-status = Dit en trois lignes si l’agent fonctionne, quelle carte est là, qui est connecté
more-status =
    Exemples :
      cps status
      cps status --json

cmd-doctor = Cherche ce qui ne va pas : agent, lecteurs, service de connexion, réseau, horloge
more-doctor =
    Une ligne par point vérifié ; pour ce qui ne va pas, quoi faire et qui peut aider. Code de sortie 1 si quelque chose ne
    fonctionne pas, 0 sinon. Le service de connexion est interrogé : comptez quelques secondes.

    Exemples :
      cps doctor
      cps doctor --json

cmd-readers = Liste les lecteurs de cartes
more-readers =
    Exemples :
      cps readers
      cps readers --json

cmd-open = Ouvre la page de l’agent : carte, session, applications, activité, diagnostic
more-open =
    La page s’ouvre dans votre navigateur par un lien qui ne sert qu’une fois, dans la minute. Sans écran, ou avec
    --print, le lien est imprimé.

    Exemples :
      cps open
      cps open help
      cps open --print
arg-open-view = « help » montre d’abord ce qui ne va pas
arg-open-print = Imprime le lien au lieu de l’ouvrir

cmd-services = Liste les services nationaux, et en ouvre un dans le navigateur
more-services =
    Un service qui se connecte par Pro Santé Connect vous reconnaît si vous êtes connecté dans ce navigateur.

    Exemples :
      cps services
      cps services open annuaire-sante

cmd-services-open = Ouvre un service dans le navigateur
more-services-open =
    Exemples :
      cps services open annuaire-sante
arg-services-open-service = Nom court du service, en tête de sa ligne dans « cps services »

cmd-card = Montre les cartes et gère leur code
more-card =
    Exemples :
      cps card show
      cps card pin status

cmd-card-show = Montre les cartes présentes et leur titulaire
more-card-show =
    Exemples :
      cps card show
      cps card show --card 12345678 --json

cmd-card-certs = Montre les certificats d’une carte
more-card-certs =
    Exemples :
      cps card certs
      cps card certs --card 12345678 --pem
arg-card-certs-pem = Certificats au format PEM

cmd-card-pin = Gère le code d’une carte
more-card-pin =
    Exemples :
      cps card pin status
      cps card pin change

cmd-card-pin-status = Dit combien d’essais restent, sans en dépenser
more-card-pin-status =
    Exemples :
      cps card pin status
      cps card pin status --card 12345678 --json

cmd-card-pin-change = Change le code d’une carte
more-card-pin-change =
    L’agent demande l’ancien code, puis deux fois le nouveau.

    Exemples :
      cps card pin change
      cps card pin change --card 12345678

cmd-card-pin-unblock = Débloque une carte avec son code de déblocage
more-card-pin-unblock =
    L’agent demande le code de déblocage (PUK), puis deux fois le nouveau code.

    Exemples :
      cps card pin unblock
      cps card pin unblock --card 12345678

cmd-audit = Veille sur le journal d’audit
more-audit =
    Exemples :
      cps audit verify

cmd-audit-verify = Prouve que le journal d’audit n’a pas été modifié
more-audit-verify =
    L’agent vérifie la chaîne d’empreintes de tous les fichiers du journal. Une chaîne rompue est un refus qui nomme le fichier et
    la ligne, avec le code de sortie 1. La dernière empreinte se compare à celles du journal du système :
      journalctl SYSLOG_IDENTIFIER=cps-agent

    Exemples :
      cps audit verify
      cps audit verify --json

cmd-token = Fabrique et montre les jetons e-CPS de ce poste
more-token =
    Exemples :
      cps token show
      cps token new essai --id 899700000001

cmd-token-new = Fabrique un jeton e-CPS
more-token-new =
    L’agent demande la phrase de passe qui protège le jeton (12 caractères au moins).
    Sans --csr, une autorité de TEST est fabriquée, sert une fois et disparaît : ce jeton ne vaut que pour des essais.

    Exemples :
      cps token new essai --id 899700000001 --given-name Ada --family-name TEST
      cps token new kiosque --id 899700000001 --csr
arg-token-new-name = Nom du fichier, sans chemin
arg-token-new-id = Identifiant national du titulaire
arg-token-new-given_name = Prénom du titulaire
arg-token-new-family_name = Nom du titulaire
arg-token-new-profession = Code de profession (nomenclature G15)
arg-token-new-csr = Demande de certificat pour une vraie autorité

cmd-token-show = Montre les jetons de ce poste
more-token-show =
    Exemples :
      cps token show
      cps token show --json

cmd-login = Connecte la personne
more-login =
    La commande répond quand la connexion est faite ou refusée.

    Exemples :
      cps login
      cps login --way card
      cps login --way local --card 12345678
      cps login --ecps --id 899700990015
      cps login --browser

arg-login-ecps = Connexion par e-CPS, sur le téléphone (--way ecps)
arg-login-browser = Connexion dans le navigateur (--way browser)
arg-login-id = Identifiant national de la personne à qui demander sur son téléphone ; le dernier titulaire connecté, sinon
login-number-phone = Une demande part vers l’application e-CPS de { $identifier }. Acceptez-la seulement si elle montre le nombre { $number }.
login-number-card = L’outil de gestion de carte demande la carte de { $identifier }. Acceptez seulement s’il montre le nombre { $number }.
login-browse = La connexion se poursuit dans le navigateur. Si aucune page ne s’ouvre, ouvrez celle-ci : { $address }

cmd-logout = Ferme la session de la personne
more-logout =
    Exemples :
      cps logout
      cps logout --json

cmd-session = Montre qui est connecté, comment et jusqu’à quand
more-session =
    Exemples :
      cps session
      cps session --json

cmd-sign = Fait signer un défi par la carte
more-sign =
    Écrit un JWS compact (typ cps-challenge+jwt) avec le certificat, que le vérificateur peut contrôler lui-même.

    Exemples :
      cps sign --challenge 00112233445566778899aabbccddeeff
      cps sign --challenge 00112233445566778899aabbccddeeff --audience https://dpi.example --purpose login
arg-sign-challenge = Défi du vérificateur, 16 à 64 octets en hexadécimal
arg-sign-audience = À qui la signature est destinée (aud)
arg-sign-purpose = But : login, presence ou test

cmd-client = Gère les applications qui peuvent connecter la personne
more-client =
    Exemples :
      cps client list
      cps client remove mon-dpi

cmd-client-add = Enregistre une application
more-client-add =
    Enregistrer une application, c’est accepter qu’elle connecte la personne.
    Une adresse de retour vers 127.0.0.1, [::1] ou localhost vaut pour tous les ports.

    Exemples :
      cps client add --id mon-dpi --redirect-uri http://127.0.0.1/retour
      cps client add --id serveur --redirect-uri http://localhost/cb --confidential --json
      cps client add --id lps --redirect-uri http://127.0.0.1/cb --public-key lps.pem --scope cps:sign
arg-client-add-id = Identifiant de l’application (client_id)
arg-client-add-name = Nom montré aux personnes
arg-client-add-redirect_uri = Adresse de retour, répétable
arg-client-add-confidential = L’application garde un secret, affiché une seule fois
arg-client-add-client_auth = Preuve de l’application : none, client_secret (au choix de sa bibliothèque), client_secret_basic, client_secret_post ou private_key_jwt
arg-client-add-public_key = Fichier de la clé publique (PEM ou JWK), au lieu d’un secret
arg-client-add-scope = Portée permise, répétable
arg-client-add-claim = Information permise, répétable
arg-client-add-way = Façon de se connecter permise, répétable
arg-client-add-id_token_alg = Signature des jetons d’identité : RS256 ou ES256
arg-client-add-pkce = PKCE : required (par défaut), ou optional pour une application confidentielle
arg-client-add-openid_basic = Accepte des demandes sans « state » ni « nonce »
arg-client-add-origin = Origine d’une page web de l’application, répétable
arg-client-add-post_logout_redirect_uri = Adresse de retour après une déconnexion, répétable
arg-client-add-backchannel_logout_uri = Adresse de ce poste où l’application apprend la fin d’une session
arg-client-add-consent = Accord de la personne : registered (l’enregistrement suffit) ou first-use (une page le demande une fois)
arg-client-add-choose_situation = La personne choisit l’une de ses situations d’exercice
arg-client-add-ciba = Permet de connecter la personne sans navigateur (CIBA)
arg-client-add-require_pushed = Ses demandes d’autorisation passent par PAR, ou sont refusées
arg-client-add-gateway = Permet d’appeler cette passerelle par une adresse secrète, affichée une fois, sans jeton d’accès ; répétable

cmd-client-list = Liste les applications enregistrées
more-client-list =
    Exemples :
      cps client list
      cps client list --json

cmd-client-remove = Retire une application
more-client-remove =
    Exemples :
      cps client remove mon-dpi
arg-client-remove-id = Identifiant de l’application (client_id)

cmd-trust = Faire accepter la passerelle https de l’agent aux navigateurs et aux logiciels
more-trust =
    Pour bridge.tls = true. L’agent crée une autorité qui ne vaut que pour ce poste, lui fait signer le
    certificat de la passerelle et détruit sa clé. Le certificat dure treize mois : refaites l’installation
    avant sa fin. Firefox et Chromium lisent leurs magasins à leur démarrage.

    Exemples :
      cps trust install
      cps trust remove

cmd-trust-install = Créer le certificat s’il le faut, et remplir les magasins de ce poste
more-trust-install =
    Le magasin du système demande root ; les bases des navigateurs demandent certutil (libnss3-tools).
    Ce qui dure encore plus de 30 jours est gardé : la commande peut passer tous les jours. Sort avec 1
    quand un magasin reste à faire.

    Exemples :
      cps trust install
      cps trust install --no-system --json
arg-trust-install-renew = Un nouveau certificat, même si le présent dure encore
arg-trust-install-no_system = Ne pas toucher au magasin du système

cmd-trust-remove = Retirer l’autorité de tous les magasins et oublier le certificat
more-trust-remove =
    Exemples :
      cps trust remove
arg-trust-remove-no_system = Ne pas toucher au magasin du système

cmd-pkcs11 = Donner la carte aux navigateurs, à Java, à OpenSSL et à ssh
more-pkcs11 =
    Inscrit le module PKCS#11 de l’agent là où les programmes le cherchent : p11-kit, les profils de Firefox, Chromium,
    et des fichiers pour Java et OpenSSL. Un navigateur lit ses modules à son démarrage. Le code reste chez l’agent.

    Exemples :
      cps pkcs11 install
      cps pkcs11 status

cmd-pkcs11-install = Inscrire le module auprès de tous les programmes présents
more-pkcs11-install =
    Ce qui est écrit est noté : « remove » retire exactement cela. Ce qu’un autre a écrit sous le même nom est laissé et
    nommé, avec le code de sortie 1. Pour root, p11-kit est averti pour tout le poste. La commande peut être relancée à
    tout moment : un nouveau profil de navigateur le demande.

    Exemples :
      cps pkcs11 install
      cps pkcs11 install --module /usr/lib/pkcs11/libcps_pkcs11.so --json
arg-pkcs11-install-module = Fichier du module (par défaut, celui installé avec cette commande)
arg-pkcs11-install-no_system = Pour root : n’inscrire que les programmes de root

cmd-pkcs11-remove = Retirer le module de tous les programmes où il a été inscrit
more-pkcs11-remove =
    Exemples :
      cps pkcs11 remove
arg-pkcs11-remove-no_system = Pour root : ce qui a été inscrit pour les programmes de root seulement

cmd-pkcs11-status = Dire où le module est inscrit, par qui, et ce qui ne va pas
more-pkcs11-status =
    Sort avec 1 quand aucun programme ne pourrait charger le module.

    Exemples :
      cps pkcs11 status
      cps pkcs11 status --json
arg-pkcs11-status-module = Fichier du module (par défaut, celui installé avec cette commande)
arg-pkcs11-status-no_system = Pour root : ne regarder que les programmes de root

## Erreurs de frappe

usage-unknown = cps : argument inconnu : { $what }
usage-command = cps : commande inconnue : { $what }
usage-missing = cps : il manque { $what }
usage-no-command = cps : il manque une commande
usage-no-value = cps : il manque la valeur de { $what }
usage-value = cps : { $given } n’est pas une valeur de { $what }
usage-value-of = cps : { $given } n’est pas une valeur de { $what } (au choix : { $allowed })
usage-twice = cps : { $what } est donné deux fois, ou avec une option contraire
usage-other = cps : la commande est mal tapée
usage-hint = indice : ajoutez --help pour voir l’aide

## Erreurs

error = cps : { $message }
hint = indice : { $hint }
unfit-missing = ce fichier n’existe pas
unfit-unreadable = il ne peut pas être lu
unfit-no_module = ce n’est pas un module PKCS#11
unfit-other_machine = il est fait pour un autre type de machine
unfit-path = son chemin a des caractères que les réglages de certains programmes ne peuvent pas porter (guillemets, \ $ # % ;, fins de ligne, lettres hors de Latin-1, une espace à la fin)

## État

field-agent = agent
field-card = carte
field-session = session
status-running = en marche, version { $version }
status-test = {" "}[TEST]
status-bridge-closed = , passerelle fermée ({ $code })
status-no-service = service des cartes absent (pcscd)
status-no-reader = aucun lecteur
status-no-card = aucune carte
status-card-problem = {" "}– inutilisable ({ $code })
status-no-session = personne
status-session = { $name }, encore { $left }
status-session-locked = { $name }, verrouillée, encore { $left }
minutes = { $minutes } min
hours = { $hours } h { $minutes } min

open-opened = la page de l’agent s’ouvre dans votre navigateur
open-by-hand = ouvrez ce lien dans la minute, dans un navigateur de cette session : il ne sert qu’une fois
services-none = aucun service
access-psc = Pro Santé Connect
access-card = carte CPS
access-account = compte du service
access-open = ouvert à tous
readers-none = aucun lecteur
reader-empty = vide
reader-card = carte
reader-mute = carte muette
reader-unknown = carte inconnue

## Cartes

field-serial = numéro
field-kind = genre
field-place = emplacement
field-holder = titulaire
field-id = identifiant
field-card-type = type de carte
field-profession = profession
field-speciality = spécialité
field-pin = code
field-problem = problème
field-role = rôle
field-label = libellé
field-subject = sujet
field-issuer = émetteur
field-validity = validité
field-sha256 = SHA-256
field-state = état
field-length = longueur
field-prompt = saisie
kind-cps3 = CPS3
kind-cps3-contactless = CPS3 sans contact
kind-cps4 = CPS4
kind-token = jeton e-CPS
card-unlocked = vérifié pour l’agent
card-problem = inutilisable ({ $code })
role-authentication = authentification
role-signature = signature
role-technical = technique (sans contact)
pin-blocked = bloqué
pin-left = { $left ->
    [one] { $left } essai restant
   *[other] { $left } essais restants
  }
pin-unknown = la carte ne dit pas combien d’essais restent
pin-digits = { $min } chiffres
pin-lengths = { $min } à { $max } caractères
pin-on-pad = sur le clavier du lecteur
pin-in-window = dans la fenêtre de l’agent
pin-prompt = l’agent demande les codes ; la carte doit rester dans le lecteur
pin-changed = le code de la carte { $serial } est changé
pin-unblocked = la carte { $serial } est débloquée

## Jetons

field-file = fichier
field-authority = autorité
field-lines = lignes
field-head = empreinte
field-aside = mis de côté
audit-aside = une partie plus ancienne du journal était endommagée ou modifiée au démarrage de l’agent ; elle a été mise de côté
tokens-none = aucun jeton
token-prompt = l’agent demande la phrase de passe du jeton
token-csr = voici la demande de certificat, à envoyer à l’autorité
token-anchor = ajoutez l’autorité aux ancres de l’environnement de test pour que ce jeton soit accepté

## Session

field-way = connexion
field-idp = service
field-acr = niveau
field-end = fin
field-clients = applications
way-browser = navigateur
way-ecps = e-CPS
way-card = carte
way-token = jeton
way-local = locale
session-no-card = aucune : en retirer une ne ferme pas cette session
session-local = aucun (session locale)
session-left = encore { $left }
session-locked = verrouillée
logout-done = la session est fermée
logout-none = personne n’était connecté

## Applications

field-client-id = client_id
field-client-secret = client_secret
field-issuer-url = issuer
field-gateway = passerelle
field-name = nom
field-redirect = retour
field-scopes = portées
field-origin = enregistrée
client-secret-once = notez le secret maintenant : il ne sera plus jamais affiché
client-removed = l’application { $id } est retirée
client-public = publique
client-confidential = confidentielle
clients-none = aucune application
origin-policy = par l’administrateur
origin-user = par vous

## Confiance

field-store = magasin
store-filled = rempli
store-emptied = vidé
store-needs_root = à faire par root
store-no_certutil = à faire avec certutil
store-failed = à faire ({ $why })
trust-none = il n’y a pas de certificat à retirer
trust-no-store = aucun magasin trouvé sur ce poste ; donnez le fichier de l’autorité à vos logiciels
trust-setting = la passerelle parle http pour l’instant : mettez bridge.tls = true et redémarrez l’agent

## La carte dans les autres programmes

field-module = module
field-java = Java
field-openssl = OpenSSL
field-curl = curl
field-ssh = ssh
field-ssh-key = clé ssh
place-registered = { $who }, inscrit
place-registered-system = { $who }, inscrit pour tout le poste
place-registered-other = { $who }, inscrit par quelqu’un d’autre
place-absent = { $who }, pas inscrit
place-stale = { $who }, nomme un module qui n’est pas le présent ({ $module })
place-foreign = { $who }, porte notre nom sans être à nous
place-changed = { $who }, modifié par quelqu’un depuis son écriture
place-unreachable = { $who }, hors d’atteinte dans son { $wall }
place-failed = { $who }, à faire ({ $why })
place-unreadable = { $who }, laissé : il n’est pas lisible comme texte (UTF-8)
place-running = {" "}– en marche
program-p11-kit = p11-kit
program-firefox = Firefox
program-chromium = Chromium
program-nss = navigateur
program-java = Java
program-openssl = OpenSSL
pkcs11-nothing = le module n’était inscrit nulle part
pkcs11-running = fermez et relancez les navigateurs en marche : ils lisent leurs modules à leur démarrage
pkcs11-snap = un snap ne peut ni charger le module ni atteindre l’agent : installez ce navigateur par un paquet de votre distribution ou de son éditeur
pkcs11-flatpak = ouvrez le flatpak, démarrez le navigateur une fois, puis relancez la commande : { $command }
pkcs11-flatpak-home = un flatpak ne voit pas /usr : installez le module dans votre dossier personnel (packaging/linux/install.sh), puis relancez la commande

## Diagnostic

doctor-ok = bien
doctor-warning = attention
doctor-failed = échec
doctor-next = { $detail } ({ $help })
help-person = vous pouvez le faire
help-administrator = votre administrateur
help-card_issuer = l’Agence du Numérique en santé
help-upstream = l’exploitant du service
help-vendor = l’éditeur du logiciel
