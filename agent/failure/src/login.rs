//! Failures of trust, of the upstream, of logins and of sessions.

failures! {
    // Trust in a certificate.
    CERTIFICATE_EXPIRED = "certificate_expired" 403 CardIssuer
        fr "Le certificat de la carte a expiré."
           "Demandez le renouvellement de votre carte à l’Agence du Numérique en Santé. Vérifiez aussi la date de l’ordinateur."
        en "The card's certificate has expired."
           "Ask the Agence du Numérique en Santé to renew your card. Check the computer's date as well."
    NOT_YET_VALID = "not_yet_valid" 403 Person
        fr "Le certificat de la carte n’est pas encore valable."
           "Vérifiez d’abord la date et l’heure de l’ordinateur : elles sont sans doute fausses."
        en "The card's certificate is not valid yet."
           "First check the computer's date and time: they are probably wrong."
    UNKNOWN_ISSUER = "unknown_issuer" 403 Administrator
        fr "Le certificat de la carte vient d’une autorité que ce poste ne reconnaît pas."
           "Demandez à votre administrateur de vérifier les autorités configurées (trust.anchors)."
        en "The card's certificate comes from an authority that this workstation does not know."
           "Ask your administrator to check the configured authorities (trust.anchors)."
    AUTHORITY_EXPIRED = "authority_expired" 403 Administrator
        fr "Le certificat de l’autorité qui a émis la carte n’est pas valable à cette date."
           "Vérifiez la date de l’ordinateur, puis demandez à votre administrateur de mettre à jour les autorités (trust.anchors)."
        en "The certificate of the authority that issued the card is not valid at this date."
           "Check the computer's date, then ask your administrator to update the authorities (trust.anchors)."
    NO_ANCHORS = "no_anchors" 503 Administrator
        fr "Aucune autorité de confiance n’est configurée sur ce poste."
           "Demandez à votre administrateur d’indiquer le dossier des autorités (trust.anchors)."
        en "No trusted authority is configured on this workstation."
           "Ask your administrator to name the folder of authorities (trust.anchors)."
    WEAK_CERTIFICATE = "weak_certificate" 403 CardIssuer
        fr "Le certificat de la carte utilise un chiffrement trop ancien pour être sûr."
           "Demandez une carte récente à l’Agence du Numérique en Santé."
        en "The card's certificate uses cryptography too old to be safe."
           "Ask the Agence du Numérique en Santé for a recent card."
    CERTIFICATE_GARBLED = "certificate_garbled" 422 CardIssuer
        fr "Le certificat de la carte est absent ou illisible."
           "Retirez la carte, remettez-la et réessayez. Si cela se répète, contactez l’Agence du Numérique en Santé."
        en "The card's certificate is missing or cannot be read."
           "Remove the card, insert it again and retry. If it happens again, contact the Agence du Numérique en Santé."
    REVOKED = "revoked" 403 CardIssuer
        fr "Cette carte a été mise en opposition."
           "Elle ne permet plus de se connecter. Contactez l’Agence du Numérique en Santé."
        en "This card was revoked."
           "It can no longer log anyone in. Contact the Agence du Numérique en Santé."
    REVOCATION_UNKNOWN = "revocation_unknown" 403 Administrator
        fr "Impossible de savoir si cette carte a été mise en opposition."
           "Vérifiez la connexion au réseau, puis réessayez. Votre administrateur peut régler cette exigence (local.revocation)."
        en "There is no way to know whether this card was revoked."
           "Check the network connection and try again. Your administrator can adjust this requirement (local.revocation)."
    REVOCATION_UNCHECKED = "revocation_unchecked" 403 Administrator
        fr "Votre carte est acceptée, sans que le poste ait pu vérifier qu’elle n’est pas en opposition."
           "Vous pouvez travailler. Si ce message revient chaque jour, prévenez votre administrateur (local.revocation)."
        en "Your card is accepted, although this workstation could not check whether it was revoked."
           "You can work. If this message comes back every day, tell your administrator (local.revocation)."
    TEST_CARD_IN_PRODUCTION = "test_card_in_production" 403 Person
        fr "C’est une carte de test, et ce poste est en production."
           "Utilisez votre vraie carte. Les cartes de test ne fonctionnent que sur un poste de test."
        en "This is a test card, and this workstation is in production."
           "Use your real card. Test cards only work on a test workstation."
    REAL_CARD_IN_TEST = "real_card_in_test" 403 Person
        fr "C’est une vraie carte, et ce poste est en test."
           "Utilisez une carte de test, ou un poste de production."
        en "This is a real card, and this workstation is set up for tests."
           "Use a test card, or a production workstation."
    WRONG_KEY_USAGE = "wrong_key_usage" 403 CardIssuer
        fr "Le certificat de cette carte n’est pas fait pour se connecter."
           "Vérifiez que vous utilisez la bonne carte, sinon contactez l’Agence du Numérique en Santé."
        en "The certificate of this card is not made for logging in."
           "Check that this is the right card; if it is, contact the Agence du Numérique en Santé."
    WRONG_CARD_NUMBER = "wrong_card_number" 403 CardIssuer
        fr "Le certificat lu ne correspond pas à cette carte."
           "N’utilisez plus cette carte et contactez l’Agence du Numérique en Santé."
        en "The certificate does not belong to this card."
           "Stop using this card and contact the Agence du Numérique en Santé."
    NOT_A_PERSON = "not_a_person" 403 Person
        fr "Ce certificat ne désigne pas une personne."
           "Utilisez la carte d’un professionnel, et non le certificat d’une structure."
        en "This certificate does not stand for a person."
           "Use a professional's card, not the certificate of an organisation."
    NON_NOMINATIVE = "non_nominative" 403 Administrator
        fr "Cette carte ne porte pas le nom d’une personne."
           "Utilisez une carte nominative. Votre administrateur peut autoriser les cartes de service (login.non_nominative)."
        en "This card does not carry a person's name."
           "Use a card with a name. Your administrator can allow cards without one (login.non_nominative)."
    OTHER_PERSON = "other_person" 403 Person
        fr "L’identité obtenue n’est pas celle attendue."
           "Utilisez la carte de la personne déjà connectée, ou fermez d’abord sa session."
        en "The identity obtained is not the expected one."
           "Use the card of the person who is logged in, or end that session first."
    PROOF_REFUSED = "proof_refused" 403 CardIssuer
        fr "La signature faite par la carte n’est pas valable."
           "Retirez la carte, remettez-la et réessayez. Si cela se répète, contactez l’Agence du Numérique en Santé."
        en "The signature made by the card is not valid."
           "Remove the card, insert it again and retry. If it happens again, contact the Agence du Numérique en Santé."

    // The upstream: the service that knows the person.
    UPSTREAM_UNREACHABLE = "upstream_unreachable" 503 Administrator
        fr "Le service de connexion est injoignable."
           "Vérifiez la connexion au réseau, puis réessayez dans quelques instants."
        en "The login service cannot be reached."
           "Check the network connection and try again in a moment."
    UPSTREAM_DOWN_LOCAL_OFFERED = "upstream_down_local_offered" 503 Person
        fr "Le service de connexion est injoignable ou en panne."
           "Vous pouvez travailler sans lui pour un temps limité : connectez-vous par carte, sur ce poste seul."
        en "The login service cannot be reached or is out of order."
           "You can work without it for a limited time: log in by card, on this workstation alone."
    UPSTREAM_BACK = "upstream_back" 403 Person
        fr "Le service de connexion est de nouveau joignable ; une session de ce poste seul ne suffit plus."
           "Connectez-vous à nouveau auprès de lui."
        en "The login service can be reached again; your local session is no longer enough."
           "Log in there again."
    UPSTREAM_FAILING = "upstream_failing" 502 Upstream
        fr "Le service de connexion est en panne (état {status})."
           "Réessayez dans quelques minutes. La panne ne vient pas de votre poste."
        en "The login service is out of order (status {status})."
           "Try again in a few minutes. The fault is not in your workstation."
    UPSTREAM_UNAVAILABLE = "upstream_unavailable" 502 Upstream
        fr "Le service de connexion dit ne pas pouvoir répondre pour le moment ({error})."
           "Réessayez dans quelques minutes. La panne ne vient pas de votre poste."
        en "The login service says that it cannot answer at the moment ({error})."
           "Try again in a few minutes. The fault is not in your workstation."
    UPSTREAM_UNTRUSTED = "upstream_untrusted" 502 Administrator
        fr "L’accès au service de connexion est intercepté, ou le certificat du service n’est pas reconnu (émis par {issuer})."
           "Ne continuez pas. Donnez ce message à votre administrateur : un proxy ou un antivirus ouvre peut-être les connexions."
        en "The connection to the login service is intercepted, or its certificate is not trusted (issued by {issuer})."
           "Do not go on. Give this message to your administrator: a proxy or an antivirus may be opening connections."
    UPSTREAM_REFUSED = "upstream_refused" 403 Upstream
        fr "Le service de connexion a refusé la connexion ({error})."
           "Réessayez. Si le refus persiste, donnez ce message à votre administrateur."
        en "The login service refused the login ({error})."
           "Try again. If it keeps refusing, give this message to your administrator."
    UPSTREAM_GARBLED = "upstream_garbled" 502 Upstream
        fr "La réponse du service de connexion est incompréhensible ({what})."
           "Réessayez plus tard. Si cela se répète, donnez ce message à votre administrateur."
        en "The answer of the login service makes no sense ({what})."
           "Try again later. If it happens again, give this message to your administrator."
    UPSTREAM_HOST_REFUSED = "upstream_host_refused" 502 Administrator
        fr "Le service de connexion renvoie vers un serveur non autorisé ({host})."
           "La connexion est arrêtée par prudence. Donnez ce message à votre administrateur."
        en "The login service points to a server that is not allowed ({host})."
           "The login was stopped as a precaution. Give this message to your administrator."
    UPSTREAM_PAGE = "upstream_page" 502 Administrator
        fr "Le service de connexion affiche une page à remplir, ce que la connexion par carte ne permet pas."
           "Connectez-vous par le navigateur. Votre administrateur doit vérifier le réglage upstream.card_login."
        en "The login service shows a page to fill in, which the card login does not allow."
           "Log in with the browser. Your administrator should check the setting upstream.card_login."
    UPSTREAM_NO_CARD = "upstream_no_card" 502 Administrator
        fr "Le service de connexion n’a pas demandé la carte."
           "La connexion est refusée, car rien ne prouve qui se connecte. Donnez ce message à votre administrateur."
        en "The login service did not ask for the card."
           "The login is refused, since nothing proves who is logging in. Give this message to your administrator."
    UPSTREAM_CARD_REFUSED = "upstream_card_refused" 403 Upstream
        fr "Le service de connexion refuse cette carte."
           "Elle est peut-être en opposition, ou inconnue de ce service. Donnez ce message à votre administrateur."
        en "The login service refuses this card."
           "It may have been revoked, or the service does not know it. Give this message to your administrator."
    UPSTREAM_LOOP = "upstream_loop" 502 Upstream
        fr "Le service de connexion redirige sans fin."
           "Réessayez plus tard. Si cela se répète, donnez ce message à votre administrateur."
        en "The login service redirects without end."
           "Try again later. If it happens again, give this message to your administrator."
    UPSTREAM_STATE = "upstream_state" 502 Upstream
        fr "La réponse reçue ne correspond pas à la demande de connexion."
           "Recommencez. Si cela se répète, prévenez votre administrateur : quelqu’un tente peut-être de détourner la connexion."
        en "The answer does not belong to this login."
           "Start over. If it happens again, tell your administrator: someone may be trying to divert the login."
    ID_TOKEN_REFUSED = "id_token_refused" 502 Upstream
        fr "Le jeton d’identité du service de connexion n’est pas valable ({reason})."
           "La connexion est refusée par prudence. Donnez ce message à votre administrateur."
        en "The login service's identity token is not valid ({reason})."
           "The login is refused as a precaution. Give this message to your administrator."
    UPSTREAM_ACR = "upstream_acr" 403 Administrator
        fr "Le niveau d’authentification obtenu ({acr}) n’est pas de ceux que ce poste accepte."
           "Donnez ce message à votre administrateur (upstream.accepted_acr)."
        en "The level of authentication obtained ({acr}) is not one this workstation accepts."
           "Give this message to your administrator (upstream.accepted_acr)."
    UPSTREAM_NO_IDENTITY = "upstream_no_identity" 502 Upstream
        fr "Le service de connexion n’a pas donné d’identifiant national."
           "Connectez-vous d’une autre façon et prévenez votre administrateur."
        en "The login service gave no national identifier."
           "Log in another way and tell your administrator."
    CLOCK_SKEW = "clock_skew" 503 Administrator
        fr "L’horloge de cet ordinateur est décalée de {seconds} secondes."
           "Réglez la date et l’heure de l’ordinateur, puis réessayez."
        en "The clock of this computer is off by {seconds} seconds."
           "Set the computer's date and time, then try again."

    // Logins and sessions.
    NO_WAY = "no_way" 409 Administrator
        fr "Ce poste n’est pas configuré pour se connecter de cette façon."
           "Choisissez une autre façon de vous connecter, ou demandez à votre administrateur."
        en "This workstation is not set up to log in this way."
           "Choose another way to log in, or ask your administrator."
    WAY_NOT_ALLOWED = "way_not_allowed" 403 Administrator
        fr "La politique de ce poste ne permet pas de se connecter de cette façon."
           "Choisissez une autre façon de vous connecter."
        en "The policy of this workstation does not allow logging in this way."
           "Choose another way to log in."
    WAY_NOT_REGISTERED = "way_not_registered" 403 Administrator
        fr "Cette application n’est pas enregistrée pour cette façon de se connecter."
           "Choisissez une autre façon de vous connecter, ou demandez à votre administrateur."
        en "This application is not registered for this way of logging in."
           "Choose another way to log in, or ask your administrator."
    NO_UPSTREAM = "no_upstream" 409 Administrator
        fr "Aucun service de connexion n’est configuré sur ce poste."
           "Connectez-vous par carte, sur ce poste seul, ou demandez à votre administrateur."
        en "No login service is configured on this workstation."
           "Log in locally with your card, or ask your administrator."
    LOCAL_NOT_ALLOWED = "local_not_allowed" 403 Administrator
        fr "La politique de ce poste ne permet pas la connexion par carte sur ce poste seul."
           "Connectez-vous auprès du service de connexion."
        en "The policy of this workstation does not allow local logins."
           "Log in through the login service."
    LOCAL_ONLY_WHEN_DOWN = "local_only_when_down" 403 Administrator
        fr "La connexion sur ce poste seul n’est permise que si le service de connexion est en panne."
           "Connectez-vous auprès de ce service, qui répond."
        en "Local logins are allowed only while the login service is out of order."
           "Log in through the login service, which is answering."
    LOGIN_ABANDONED = "login_abandoned" 409 Person
        fr "La connexion a été abandonnée."
           "Recommencez quand vous êtes prêt."
        en "The login was given up."
           "Start over when you are ready."
    LOGIN_BUSY = "login_busy" 409 Person
        fr "Une autre connexion est déjà en cours."
           "Terminez-la ou abandonnez-la, puis réessayez."
        en "Another login is under way."
           "Finish it or give it up, then try again."
    LOGIN_GONE = "login_gone" 404 Person
        fr "Cette page de connexion n’est plus valable."
           "Retournez à l’application et demandez à nouveau la connexion."
        en "This login page is no longer valid."
           "Go back to the application and ask to log in again."
    NO_WAY_LEFT = "no_way_left" 403 Administrator
        fr "Cette application n’a aucune façon de vous connecter sur ce poste."
           "Demandez à votre administrateur de comparer son enregistrement et la politique du poste (login.ways)."
        en "This application has no way to log you in on this workstation."
           "Ask your administrator to compare its registration with the workstation's policy (login.ways)."
    LOGOUT_GONE = "logout_gone" 404 Person
        fr "Cette page de déconnexion n’est plus valable."
           "Retournez à l’application et demandez à nouveau la déconnexion, ou choisissez « Se déconnecter » dans le menu de l’icône CPS."
        en "This logout page is no longer valid."
           "Go back to the application and log out again, or choose “Log out” in the menu of the CPS icon."
    SESSION_NONE = "session_none" 404 Person
        fr "Personne n’est connecté."
           "Connectez-vous d’abord."
        en "Nobody is logged in."
           "Log in first."
    SESSION_LOCKED = "session_locked" 409 Person
        fr "La session est verrouillée."
           "Remettez votre carte et saisissez votre code pour la reprendre."
        en "The session is locked."
           "Insert your card again and enter your PIN to resume it."
    SESSION_OVER = "session_over" 409 Person
        fr "La session à reprendre s’est terminée entre-temps."
           "Connectez-vous à nouveau."
        en "The session to resume has ended meanwhile."
           "Log in again."
    SESSION_OTHER_CARD = "session_other_card" 403 Person
        fr "La session a été ouverte avec une autre carte."
           "Reprenez-la avec cette carte-là, ou fermez-la d’abord."
        en "The session was opened with another card."
           "Resume it with that card, or end it first."
    TRAIL_BROKEN = "trail_broken" 409 Administrator
        fr "Le journal d’audit a été modifié ou endommagé : {file}, ligne {line}."
           "Conservez le fichier et comparez-le aux empreintes du journal du système (journalctl SYSLOG_IDENTIFIER=cps-agent)."
        en "The audit trail was edited or damaged: {file}, line {line}."
           "Keep the file and compare it with the heads in the system journal (journalctl SYSLOG_IDENTIFIER=cps-agent)."
    TRAIL_UNREADABLE = "trail_unreadable" 500 Administrator
        fr "Le journal d’audit ne peut pas être lu."
           "Vérifiez les droits et l’état du disque."
        en "The audit trail cannot be read."
           "Check the permissions and the disk."
    CLIENT_NOT_TOLD = "client_not_told" 502 Administrator
        fr "Une application n’a pas pu être prévenue de la fin de la session."
           "Vérifiez qu’elle est fermée, ou déconnectez-vous dans l’application elle-même."
        en "An application could not be told that the session ended."
           "Check that it is closed, or log out in the application itself."
    UPSTREAM_NOT_TOLD = "upstream_not_told" 502 Upstream
        fr "Le service de connexion n’a pas pu être prévenu de la fin de la session."
           "La session y prendra fin d’elle-même après trente minutes. Sur un poste partagé, fermez aussi le navigateur."
        en "The login service could not be told that the session ended."
           "The session there ends by itself after thirty minutes. On a shared workstation close the browser too."
}
