//! Failures of the gateway: between a program, this agent, and the origin behind mutual TLS.

failures! {
    // Who may call it.
    GATEWAY_WEB_PAGE = "gateway_web_page" 403 Vendor
        fr "Une page web a tenté d’utiliser la passerelle d’un logiciel."
           "La passerelle sert aux logiciels de ce poste, jamais aux pages. Si vous connaissez cette page, prévenez votre administrateur."
        en "A web page tried to use the gateway of a program."
           "The gateway is for programs of this workstation, never for pages. If you know this page, tell your administrator."
    GATEWAY_CALLER_UNKNOWN = "gateway_caller_unknown" 403 Administrator
        fr "Le système ne permet pas de savoir quel utilisateur appelle la passerelle."
           "La passerelle ne sert que là où le système le dit (Linux)."
        en "The system cannot tell which user calls the gateway."
           "The gateway serves only where the system tells (Linux)."
    GATEWAY_UNKNOWN = "gateway_unknown" 404 Administrator
        fr "L’agent n’a pas de passerelle de ce nom ({gateway})."
           "Vérifiez l’adresse appelée par l’application, ou demandez à votre administrateur de créer la section [gateway.{gateway}]."
        en "The agent has no gateway of this name ({gateway})."
           "Check the address that the application calls, or ask your administrator for a section [gateway.{gateway}]."
    GATEWAY_SECRET = "gateway_secret" 401 Vendor
        fr "L’adresse secrète de l’application n’est pas, ou n’est plus, connue de la passerelle {gateway}."
           "Inscrivez l’application à nouveau (cps client add --gateway {gateway}) et donnez-lui l’adresse affichée."
        en "The application's secret address is not, or no longer, known to the gateway {gateway}."
           "Register the application again (cps client add --gateway {gateway}) and give it the address that is shown."
    GATEWAY_CLIENT = "gateway_client" 403 Administrator
        fr "Cette application n’est pas de celles qui peuvent utiliser la passerelle {gateway}."
           "Demandez à votre administrateur de l’ajouter à gateway.{gateway}.clients."
        en "This application is not one of those that may use the gateway {gateway}."
           "Ask your administrator to add it to gateway.{gateway}.clients."
    GATEWAY_NOBODY = "gateway_nobody" 401 Person
        fr "Personne n’est connecté : la passerelle {gateway} est fermée."
           "Connectez-vous, par le menu de l’icône CPS ou depuis votre logiciel, puis réessayez."
        en "Nobody is logged in: the gateway {gateway} is closed."
           "Log in, by the menu of the CPS icon or from your software, then try again."
    GATEWAY_LOCKED = "gateway_locked" 401 Person
        fr "La session est verrouillée : la passerelle {gateway} est fermée."
           "Remettez votre carte et saisissez votre code pour reprendre la session, puis réessayez."
        en "The session is locked: the gateway {gateway} is closed."
           "Insert your card again and enter your PIN to resume the session, then try again."
    GATEWAY_DISCONNECTED = "gateway_disconnected" 403 Person
        fr "Vous avez déconnecté cette application de votre session : la passerelle {gateway} lui est fermée."
           "Reconnectez-vous depuis l’application, ou fermez la session et ouvrez-en une autre."
        en "You disconnected this application from your session: the gateway {gateway} is closed to it."
           "Log in again from the application, or end the session and begin another one."
    GATEWAY_BUSY = "gateway_busy" 429 Vendor
        fr "L’application a trop de demandes en cours sur la passerelle {gateway}."
           "Elle doit en attendre les réponses, ou votre administrateur augmenter gateway.{gateway}.requests."
        en "The application has too many requests under way at the gateway {gateway}."
           "It must wait for their answers, or your administrator raise gateway.{gateway}.requests."
    GATEWAY_PATH = "gateway_path" 400 Vendor
        fr "Le chemin demandé pourrait sortir de celui de la passerelle {gateway}."
           "Signalez-le à l’éditeur de l’application : ni segments « . » ou « .. », ni barres doubles ou codées."
        en "The path that is asked for could leave the one of the gateway {gateway}."
           "Tell the vendor of the application: no segments “.” or “..”, no slashes doubled or encoded."

    // What it stands on here.
    GATEWAY_FILES = "gateway_files" 503 Administrator
        fr "La passerelle {gateway} ne peut pas servir : {reason}."
           "Demandez à votre administrateur de corriger les fichiers nommés dans [gateway.{gateway}]."
        en "The gateway {gateway} cannot serve: {reason}."
           "Ask your administrator to correct the files named in [gateway.{gateway}]."
    GATEWAY_SECRET_OPEN = "gateway_secret_open" 503 Administrator
        fr "La passerelle {gateway} ne peut pas servir : d’autres comptes que le vôtre peuvent lire le secret {file}."
           "Demandez à votre administrateur de réserver ce fichier à votre compte (chmod 600)."
        en "The gateway {gateway} cannot serve: other accounts than yours can read the secret {file}."
           "Ask your administrator to keep this file for your account alone (chmod 600)."
    GATEWAY_PASSWORD_WRONG = "gateway_password_wrong" 503 Administrator
        fr "Le mot de passe du fichier PKCS#12 de la passerelle {gateway} n’est pas le bon."
           "Demandez à votre administrateur de corriger gateway.{gateway}.password_file."
        en "The password of the PKCS#12 file of the gateway {gateway} is not the right one."
           "Ask your administrator to correct gateway.{gateway}.password_file."
    GATEWAY_KEY_MISSING = "gateway_key_missing" 503 Administrator
        fr "La passerelle {gateway} ne trouve pas de clé qui aille avec son certificat d’organisation."
           "Demandez à votre administrateur de vérifier gateway.{gateway}.key : une seule clé, RSA ou P-256, avec son certificat."
        en "The gateway {gateway} finds no key that belongs to its organisation's certificate."
           "Ask your administrator to check gateway.{gateway}.key: one key alone, RSA or P-256, with its certificate."
    GATEWAY_MODULE_MISSING = "gateway_module_missing" 503 Administrator
        fr "Le module PKCS#11 de la passerelle {gateway} ne peut pas être utilisé ({module})."
           "Demandez à votre administrateur de l’installer, ou de corriger module-path dans gateway.{gateway}.key."
        en "The PKCS#11 module of the gateway {gateway} cannot be used ({module})."
           "Ask your administrator to install it, or to correct module-path in gateway.{gateway}.key."
    GATEWAY_MODULE_OF_CARD = "gateway_module_of_card" 503 Administrator
        fr "Le module PKCS#11 de la passerelle {gateway} mène à la carte d’une personne, et non à une clé d’organisation."
           "Demandez à votre administrateur de nommer le module du magasin de clés lui-même, ou d’écrire credential = \"card\"."
        en "The PKCS#11 module of the gateway {gateway} leads to a person's card, and not to an organisation's key."
           "Ask your administrator to name the module of the key store itself, or to write credential = \"card\"."
    GATEWAY_TOKEN_MISSING = "gateway_token_missing" 503 Administrator
        fr "Le magasin de clés de la passerelle {gateway} n’est pas là, ou n’est pas le seul de ce nom ({token})."
           "Branchez-le s’il est amovible ; sinon, demandez à votre administrateur de vérifier gateway.{gateway}.key."
        en "The key store of the gateway {gateway} is not there, or not the only one of this name ({token})."
           "Plug it in if it can be removed; otherwise ask your administrator to check gateway.{gateway}.key."
    GATEWAY_PIN_WRONG = "gateway_pin_wrong" 503 Administrator
        fr "Le magasin de clés de la passerelle {gateway} refuse le code PIN de son fichier."
           "Demandez à votre administrateur de corriger ce fichier ou, si le magasin est bloqué, de le débloquer puis de redémarrer l’agent. L’agent n’essaie pas ce code une seconde fois : trop d’essais bloqueraient le magasin."
        en "The key store of the gateway {gateway} refuses the PIN of its file."
           "Ask your administrator to correct this file or, if the store is locked, to unlock it and to restart the agent. The agent does not try this PIN a second time: too many tries would lock the store."
    GATEWAY_KEY_STORE_BROKEN = "gateway_key_store_broken" 503 Administrator
        fr "Le magasin de clés de la passerelle {gateway} n’a pas répondu, ou n’a pas signé."
           "Réessayez. Si cela se répète, demandez à votre administrateur de lire le journal de l’agent et de vérifier le module PKCS#11."
        en "The key store of the gateway {gateway} did not answer, or did not sign."
           "Try again. If it happens again, ask your administrator to read the agent's log and to check the PKCS#11 module."
    GATEWAY_CERTIFICATE_ENDING = "gateway_certificate_ending" 503 Administrator
        fr "Le certificat d’organisation de la passerelle {gateway} se termine dans {days} jours."
           "Demandez dès maintenant son renouvellement (gateway.{gateway}.certificate)."
        en "The organisation's certificate of the gateway {gateway} ends in {days} days."
           "Ask for its renewal now (gateway.{gateway}.certificate)."
    GATEWAY_CERTIFICATE_EXPIRED = "gateway_certificate_expired" 503 Administrator
        fr "Le certificat d’organisation de la passerelle {gateway} a expiré."
           "Remplacez le certificat et sa clé (gateway.{gateway}.certificate, gateway.{gateway}.key)."
        en "The organisation's certificate of the gateway {gateway} has expired."
           "Replace the certificate and its key (gateway.{gateway}.certificate, gateway.{gateway}.key)."

    // What the origin does.
    GATEWAY_UNREACHABLE = "gateway_unreachable" 504 Administrator
        fr "Le service de la passerelle {gateway} est injoignable ({origin})."
           "Vérifiez le réseau et réessayez ; si cela dure, consultez les annonces du service."
        en "The service of the gateway {gateway} cannot be reached ({origin})."
           "Check the network and try again; if it lasts, see the service's announcements."
    GATEWAY_SLOW = "gateway_slow" 504 Upstream
        fr "Le service de la passerelle {gateway} n’a pas répondu à temps."
           "Réessayez ; si cela dure, consultez les annonces du service."
        en "The service of the gateway {gateway} did not answer in time."
           "Try again; if it lasts, see the service's announcements."
    GATEWAY_BROKEN = "gateway_broken" 502 Upstream
        fr "Le service de la passerelle {gateway} a rompu la connexion, ou sa réponse n’est pas lisible."
           "Vérifiez dans le logiciel si la demande a été prise en compte, puis réessayez."
        en "The service of the gateway {gateway} broke the connection, or its answer cannot be read."
           "Check in the software whether the request was taken, then try again."
    GATEWAY_ORIGIN_UNTRUSTED = "gateway_origin_untrusted" 502 Administrator
        fr "Le certificat de {origin} ne vient d’aucune des autorités de la passerelle {gateway} (émetteur : {issuer})."
           "Si l’émetteur est celui du réseau du site, un équipement intercepte la connexion. Sinon, complétez gateway.{gateway}.anchors (IGC-Santé pour les services nationaux)."
        en "The certificate of {origin} comes from none of the authorities of the gateway {gateway} (issuer: {issuer})."
           "If the issuer is the site's network, some equipment intercepts the connection. Otherwise complete gateway.{gateway}.anchors (IGC-Santé for national services)."
    GATEWAY_ORIGIN_NAME = "gateway_origin_name" 502 Administrator
        fr "Le serveur de la passerelle {gateway} présente le certificat d’un autre nom que {origin}."
           "Vérifiez gateway.{gateway}.origin ; s’il est juste, prévenez l’exploitant du service."
        en "The server of the gateway {gateway} shows the certificate of another name than {origin}."
           "Check gateway.{gateway}.origin; if it is right, tell whoever runs the service."
    GATEWAY_ORIGIN_EXPIRED = "gateway_origin_expired" 502 Administrator
        fr "Le certificat de {origin} n’est pas valable à la date de ce poste."
           "Vérifiez la date et l’heure du poste ; si elles sont justes, prévenez l’exploitant du service."
        en "The certificate of {origin} is not valid at the date of this workstation."
           "Check the workstation's date and time; if they are right, tell whoever runs the service."
    GATEWAY_ORIGIN_REVOKED = "gateway_origin_revoked" 502 Upstream
        fr "Le certificat de {origin} est révoqué."
           "N’insistez pas : prévenez l’exploitant du service."
        en "The certificate of {origin} is revoked."
           "Do not insist: tell whoever runs the service."
    GATEWAY_TLS = "gateway_tls" 502 Upstream
        fr "Le service de la passerelle {gateway} et ce poste n’ont pas de version de TLS en commun (1.2 ou 1.3)."
           "Prévenez l’exploitant du service ; une carte CPS3 ne sait que TLS 1.2."
        en "The service of the gateway {gateway} and this workstation have no version of TLS in common (1.2 or 1.3)."
           "Tell whoever runs the service; a CPS3 card knows TLS 1.2 alone."
    GATEWAY_CERTIFICATE_REFUSED = "gateway_certificate_refused" 502 Upstream
        fr "Le service de la passerelle {gateway} refuse le certificat présenté."
           "Vérifiez que cette carte, ou ce certificat d’organisation, est déclarée auprès du service et valable."
        en "The service of the gateway {gateway} refuses the certificate that was shown."
           "Check that this card, or this organisation's certificate, is declared there and valid."
}
