//! Failures of the logins that go by way of the browser or the phone.

failures! {
    // The phone.
    ECPS_NO_IDENTIFIER = "ecps_no_identifier" 400 Person
        fr "Il manque votre identifiant national pour la connexion par e-CPS."
           "Saisissez-le : 8 suivi de votre numéro RPPS, ou l’identifiant que votre établissement vous a donné."
        en "Your national identifier is missing for the login by e-CPS."
           "Type it: 8 followed by your RPPS number, or the identifier that your establishment gave you."
    ECPS_IDENTIFIER = "ecps_identifier" 400 Person
        fr "Ce n’est pas un identifiant national."
           "Saisissez 8 suivi des 11 chiffres de votre numéro RPPS, ou l’identifiant que votre établissement vous a donné."
        en "This is not a national identifier."
           "Type 8 followed by the 11 digits of your RPPS number, or the identifier that your establishment gave you."
    ECPS_UNKNOWN = "ecps_unknown" 403 Person
        fr "Aucune e-CPS n’est connue pour cet identifiant."
           "Vérifiez l’identifiant saisi, et que votre e-CPS est activée sur votre téléphone."
        en "No e-CPS is known for this identifier."
           "Check the identifier you typed, and that your e-CPS is activated on your phone."
    ECPS_DENIED = "ecps_denied" 403 Person
        fr "La demande a été refusée sur le téléphone."
           "Si le refus est une erreur, patientez une minute puis recommencez. Si vous n’aviez rien demandé, prévenez votre administrateur."
        en "The request was refused on the phone."
           "If that was a mistake, wait a minute and start over. If you had asked for nothing, tell your administrator."
    ECPS_EXPIRED = "ecps_expired" 409 Person
        fr "La demande n’a pas été confirmée à temps sur le téléphone."
           "Ouvrez l’application e-CPS sur votre téléphone, puis recommencez."
        en "The request was not confirmed on the phone in time."
           "Open the e-CPS application on your phone, then start over."
    ECPS_PENDING = "ecps_pending" 409 Person
        fr "Une demande attend encore sur le téléphone."
           "Refusez-la, puis recommencez dans {seconds} secondes."
        en "Another request is still waiting on the phone."
           "Refuse it, then start over in {seconds} seconds."
    ECPS_PAUSE = "ecps_pause" 429 Person
        fr "Une demande vient d’être refusée sur le téléphone."
           "Recommencez dans {seconds} secondes."
        en "A request was refused on the phone a moment ago."
           "Start over in {seconds} seconds."
    ECPS_TOO_MANY = "ecps_too_many" 429 Person
        fr "Trop de demandes ont été envoyées à ce téléphone en dix minutes."
           "Recommencez dans {seconds} secondes, ou connectez-vous d’une autre façon."
        en "Too many requests were sent to this phone within ten minutes."
           "Start over in {seconds} seconds, or log in another way."
    UPSTREAM_MODE = "upstream_mode" 403 Person
        fr "Vous vous êtes identifié par un autre moyen que celui demandé ({mode})."
           "Recommencez en choisissant ce moyen-là, ou utilisez celui qui était demandé."
        en "You identified yourself by another means than the one asked for ({mode})."
           "Start over and choose that means, or use the one that was asked for."
    UPSTREAM_MODE_UNTOLD = "upstream_mode_untold" 502 Administrator
        fr "Le service de connexion ne dit pas que la carte a servi."
           "Connectez-vous d’une autre façon, et donnez ce message à votre administrateur (authMode)."
        en "The login service does not say that the card was used."
           "Log in another way, and give this message to your administrator (authMode)."

    // The browser.
    UPSTREAM_DENIED = "upstream_denied" 403 Person
        fr "La connexion a été annulée sur la page du service de connexion."
           "Recommencez quand vous êtes prêt."
        en "The login was cancelled on the login service's page."
           "Start over when you are ready."
    UPSTREAM_UNNAMED = "upstream_unnamed" 502 Upstream
        fr "Le service de connexion ne s’est pas nommé dans sa réponse, alors qu’il annonce le faire."
           "La connexion a abouti. Signalez-le à votre administrateur."
        en "The login service did not name itself in its answer, although it says that it does."
           "The login went well. Tell your administrator."
    BROWSER_LATE = "browser_late" 409 Person
        fr "Personne n’est revenu du navigateur à temps."
           "Recommencez, et terminez la connexion dans la page qui s’ouvre."
        en "Nobody came back from the browser in time."
           "Start over, and finish the login in the page that opens."
    REDIRECT_PORT = "redirect_port" 503 Administrator
        fr "Le retour du navigateur ne peut pas être reçu : le port {port} est pris."
           "Fermez le programme qui l’occupe, ou donnez ce message à votre administrateur (upstream.redirect_port)."
        en "The return of the browser cannot be received: port {port} is taken."
           "Close the program that holds it, or give this message to your administrator (upstream.redirect_port)."
}
