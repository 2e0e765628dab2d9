//! Failures at the doors, of registrations, of the configuration, and our own.

failures! {
    // Who may enter.
    FOREIGN_HOST = "foreign_host" 421 Vendor
        fr "La demande est adressée à un autre nom que celui de cet agent."
           "L’application doit utiliser exactement l’adresse annoncée par l’agent (127.0.0.1 ou localhost, avec son port)."
        en "The request is addressed to another name than this agent's."
           "The application must use exactly the address the agent announces (127.0.0.1 or localhost, with its port)."
    FOREIGN_ORIGIN = "foreign_origin" 403 Vendor
        fr "Une page web qui n’est pas enregistrée a tenté d’appeler l’agent."
           "Si vous connaissez cette page, demandez à votre administrateur d’enregistrer son application."
        en "A web page that is not registered tried to call the agent."
           "If you know this page, ask your administrator to register its application."
    FOREIGN_FRAME = "foreign_frame" 403 Vendor
        fr "Une page web a tenté d’ouvrir l’agent dans un cadre ou en cachette."
           "L’application doit ouvrir la connexion dans la page entière du navigateur."
        en "A web page tried to open the agent in a frame or out of sight."
           "The application must open the login in the whole page of the browser."
    OTHER_USER = "other_user" 403 Administrator
        fr "La demande vient d’un autre utilisateur de cet ordinateur."
           "Chaque utilisateur a son propre agent : l’application doit appeler celui de sa session."
        en "The request comes from another user of this computer."
           "Every user has an agent of their own: the application must call the one of its session."
    CALLER_UNKNOWN = "caller_unknown" 403 Administrator
        fr "Le système ne permet pas de savoir quel utilisateur fait cette demande."
           "Enregistrez l’application avec un secret ou une clé, ou demandez à votre administrateur."
        en "The system cannot tell which user makes this request."
           "Register the application with a secret or a key, or ask your administrator."
    PAGE_CALLER_UNKNOWN = "page_caller_unknown" 403 Administrator
        fr "Le système ne permet pas de savoir quel utilisateur ouvre cette page : elle ne peut rien faire."
           "Connectez-vous et déconnectez-vous par le menu de l’icône CPS, et prévenez votre administrateur."
        en "The system cannot tell which user opens this page: it can do nothing."
           "Log in and out by the menu of the CPS icon, and tell your administrator."
    TOO_MANY_CONNECTIONS = "too_many_connections" 429 Vendor
        fr "Trop de connexions à la fois."
           "L’application doit en ouvrir moins, et réutiliser celles qu’elle a."
        en "Too many connections at once."
           "The application must open fewer and reuse those it has."

    // What is asked.
    REQUEST_MALFORMED = "request_malformed" 400 Vendor
        fr "La demande de l’application est mal formée ({reason})."
           "Signalez-le à l’éditeur de l’application."
        en "The application's request is malformed ({reason})."
           "Tell the vendor of the application."
    REQUEST_TOO_LARGE = "request_too_large" 413 Vendor
        fr "La demande de l’application est trop grande."
           "Signalez-le à l’éditeur de l’application."
        en "The application's request is too large."
           "Tell the vendor of the application."
    REQUEST_TOO_SLOW = "request_too_slow" 408 Vendor
        fr "La demande de l’application est arrivée trop lentement."
           "Signalez-le à l’éditeur de l’application."
        en "The application's request came too slowly."
           "Tell the vendor of the application."
    REQUEST_MEDIA_TYPE = "request_media_type" 415 Vendor
        fr "La demande de l’application n’est pas du type attendu ({expected})."
           "Signalez-le à l’éditeur de l’application."
        en "The application's request is not of the expected type ({expected})."
           "Tell the vendor of the application."
    NOT_FOUND = "not_found" 404 Vendor
        fr "L’agent n’offre rien à cette adresse."
           "Vérifiez l’adresse. Si une application vous a envoyé ici, signalez-le à son éditeur : /openapi.json décrit ce qui existe."
        en "The agent offers nothing at this address."
           "Check the address. If an application sent you here, tell its vendor: /openapi.json describes what there is."
    METHOD_NOT_ALLOWED = "method_not_allowed" 405 Vendor
        fr "Cette adresse ne s’appelle pas de cette façon."
           "Cette adresse est faite pour les applications. Si l’une d’elles vous a envoyé ici, signalez-le à son éditeur : /openapi.json décrit les méthodes."
        en "This address is not called that way."
           "This address is made for applications. If one of them sent you here, tell its vendor: /openapi.json describes the methods."
    BEARER_MISSING = "bearer_missing" 401 Vendor
        fr "L’application n’a pas présenté de jeton d’accès."
           "Signalez-le à l’éditeur de l’application : elle doit d’abord vous connecter."
        en "The application presented no access token."
           "Tell the vendor of the application: it must log you in first."
    BEARER_INVALID = "bearer_invalid" 401 Person
        fr "Le jeton d’accès de l’application n’est plus valable."
           "Connectez-vous à nouveau dans l’application."
        en "The application's access token is no longer valid."
           "Log in again in the application."
    SCOPE_MISSING = "scope_missing" 403 Vendor
        fr "L’application n’a pas reçu le droit de faire cela (portée {scope})."
           "Son enregistrement doit comprendre cette portée. Demandez à votre administrateur."
        en "The application was not given the right to do this (scope {scope})."
           "Its registration must include this scope. Ask your administrator."
    SCOPE_NOT_REGISTERED = "scope_not_registered" 403 Administrator
        fr "Cette application n’est pas enregistrée pour ce droit."
           "Demandez à votre administrateur d’ajouter cette portée à son enregistrement."
        en "This application is not registered for this right."
           "Ask your administrator to add the scope to its registration."
    SCOPE_CONFIDENTIAL = "scope_confidential" 403 Administrator
        fr "Ce droit est réservé aux applications qui s’authentifient par un secret ou une clé."
           "Demandez à votre administrateur d’enregistrer l’application avec une clé."
        en "This right is for applications that prove themselves with a secret or a key."
           "Ask your administrator to register the application with a key."
    SCOPE_NEEDS_UPSTREAM = "scope_needs_upstream" 403 Person
        fr "Ce droit demande une connexion auprès du service de connexion : celle de ce poste seul ne suffit pas."
           "Connectez-vous auprès du service quand il répond."
        en "This right needs a login through the login service, not a local one."
           "Log in through the login service when it answers."
    KEY_PURPOSE = "key_purpose" 403 Vendor
        fr "Cette clé de la carte ne signe pas pour ce but."
           "Signalez-le à l’éditeur de l’application : sans contact, une carte ne prouve que sa présence."
        en "This key of the card does not sign for this purpose."
           "Tell the vendor of the application: without contact a card proves its presence and nothing else."
    CHALLENGE_MALFORMED = "challenge_malformed" 400 Vendor
        fr "Le défi à signer est mal formé ({reason})."
           "Signalez-le à l’éditeur de l’application : 16 à 64 octets en hexadécimal, et un but parmi login, presence et test."
        en "The challenge to sign is malformed ({reason})."
           "Tell the vendor of the application: 16 to 64 bytes in hexadecimal, and a purpose out of login, presence and test."

    // Registered applications.
    UNKNOWN_CLIENT = "unknown_client" 400 Administrator
        fr "Cette application n’est pas enregistrée auprès de l’agent."
           "Demandez à votre administrateur de l’enregistrer (cps client add)."
        en "This application is not registered with the agent."
           "Ask your administrator to register it (cps client add)."
    REDIRECT_NOT_REGISTERED = "redirect_not_registered" 400 Vendor
        fr "L’application demande un retour vers une adresse qui n’est pas enregistrée."
           "La connexion est arrêtée par prudence. Signalez-le à l’éditeur de l’application."
        en "The application asks to return to an address that is not registered."
           "The login was stopped as a precaution. Tell the vendor of the application."
    REQUEST_URI_GONE = "request_uri_gone" 400 Person
        fr "Cette demande de connexion a expiré ou a déjà servi."
           "Retournez dans votre logiciel et recommencez."
        en "This sign-in request has expired or was used before."
           "Go back to your application and start again."
    CLIENT_EXISTS = "client_exists" 409 Person
        fr "Une application porte déjà cet identifiant."
           "Retirez-la d’abord, ou choisissez un autre identifiant."
        en "An application with this identifier exists."
           "Remove it first, or choose another identifier."
    CLIENT_MALFORMED = "client_malformed" 400 Vendor
        fr "L’enregistrement de l’application n’est pas correct ({reason})."
           "Corrigez-le : cps client add --help en donne les règles."
        en "The registration of the application is not right ({reason})."
           "Correct it: cps client add --help has the rules."
    CLIENTS_LOCKED = "clients_locked" 403 Administrator
        fr "Sur ce poste, seul l’administrateur enregistre des applications."
           "Demandez-lui d’enregistrer celle-ci."
        en "On this workstation only the administrator registers applications."
           "Ask your administrator to register this one."
    CLIENT_LOCKED = "client_locked" 403 Administrator
        fr "Cette application est enregistrée par votre administrateur."
           "Lui seul peut la changer ou la retirer."
        en "This application is registered by your administrator."
           "Only your administrator can change or remove it."

    // The agent itself.
    PORT_TAKEN = "port_taken" 503 Administrator
        fr "Un autre programme ({holder}) occupe le port {port} de l’agent : la passerelle reste fermée."
           "Fermez ce programme, ou demandez à votre administrateur de changer bridge.listen."
        en "Another program ({holder}) holds the agent's port {port}, so the bridge stays closed."
           "Close that program, or ask your administrator to change bridge.listen."
    BRIDGE_CLOSED = "bridge_closed" 503 Administrator
        fr "Le système ne permet pas à l’agent d’ouvrir sa passerelle locale."
           "Redémarrez l’agent. Si cela se répète, donnez son journal à votre administrateur."
        en "The system does not let the agent open its local bridge."
           "Restart the agent. If it happens again, give its log to your administrator."
    SHUTTING_DOWN = "shutting_down" 503 Person
        fr "L’agent est en train de s’arrêter."
           "Redémarrez-le, puis réessayez."
        en "The agent is shutting down."
           "Start it again, then retry."
    CONFIG_MALFORMED = "config_malformed" 503 Administrator
        fr "La configuration de l’agent n’est pas correcte ({reason})."
           "Demandez à votre administrateur de la corriger."
        en "The agent's configuration is not right ({reason})."
           "Ask your administrator to correct it."
    PSC_HOST_IN_CUSTOM = "psc_host_in_custom" 503 Administrator
        fr "Le profil « custom » désigne un serveur de Pro Santé Connect ({host})."
           "Utilisez le profil psc-bas ou psc-production : la connexion directe par carte y est interdite."
        en "The profile \"custom\" names a server of Pro Santé Connect ({host})."
           "Use the profile psc-bas or psc-production: logging in there by card directly is forbidden."
    ANCHOR_REFUSED = "anchor_refused" 503 Administrator
        fr "Une autorité de confiance a été écartée : {file} ({reason})."
           "Corrigez ou retirez ce fichier du dossier trust.anchors."
        en "A trusted authority was left out: {file} ({reason})."
           "Correct this file or take it out of the folder trust.anchors."
    BRIDGE_CERTIFICATE_MISSING = "bridge_certificate_missing" 503 Administrator
        fr "L’agent doit répondre en https et n’a pas de certificat : aucune application ne peut l’appeler."
           "Demandez à votre administrateur de l’installer (cps trust install)."
        en "The agent is to answer in https and has no certificate: no application can call it."
           "Ask your administrator to install it (cps trust install)."
    BRIDGE_CERTIFICATE_EXPIRED = "bridge_certificate_expired" 503 Administrator
        fr "Le certificat https de l’agent a expiré : les applications ne l’acceptent plus."
           "Demandez à votre administrateur de le renouveler (cps trust install)."
        en "The agent's https certificate has expired: applications no longer accept it."
           "Ask your administrator to renew it (cps trust install)."
    STATE_UNWRITABLE = "state_unwritable" 503 Administrator
        fr "L’agent ne peut pas écrire dans son dossier d’état."
           "Vérifiez l’espace disque et les droits de ce dossier."
        en "The agent cannot write to its state folder."
           "Check the disk space and the rights of that folder."
    INTERNAL = "internal" 500 Vendor
        fr "L’agent a rencontré une erreur imprévue."
           "Réessayez. Si cela se répète, envoyez le journal de l’agent à votre administrateur."
        en "The agent met an unforeseen error."
           "Try again. If it happens again, send the agent's log to your administrator."
}
