//! Failures between the workstation and the login service: proxies, and the certificate of our client.

failures! {
    PROXY_UNREACHABLE = "proxy_unreachable" 503 Administrator
        fr "Le proxy {proxy} est injoignable."
           "Vérifiez la connexion au réseau. Votre administrateur peut vérifier le proxy (upstream.proxy)."
        en "The proxy {proxy} cannot be reached."
           "Check the network connection. Your administrator can check the proxy (upstream.proxy)."
    PROXY_LOGIN = "proxy_login" 502 Administrator
        fr "Le proxy {proxy} demande un identifiant ({schemes})."
           "Demandez à votre administrateur d’indiquer un identifiant dans l’adresse du proxy (upstream.proxy), ou d’exempter le service de connexion."
        en "The proxy {proxy} asks for a login ({schemes})."
           "Ask your administrator to put a login into the proxy's address (upstream.proxy), or to exempt the login service."
    PROXY_REFUSED = "proxy_refused" 502 Administrator
        fr "Le proxy {proxy} ne laisse pas joindre le service de connexion (état {status})."
           "Demandez à votre administrateur d’autoriser les adresses du service de connexion."
        en "The proxy {proxy} does not let the login service be reached (status {status})."
           "Ask your administrator to allow the addresses of the login service."
    PROXY_GARBLED = "proxy_garbled" 502 Administrator
        fr "Le proxy {proxy} ne répond pas comme un proxy."
           "Demandez à votre administrateur de vérifier son adresse et son port (upstream.proxy)."
        en "The proxy {proxy} does not answer as a proxy."
           "Ask your administrator to check its address and port (upstream.proxy)."
    PROXY_UNSUPPORTED = "proxy_unsupported" 502 Administrator
        fr "Le proxy réglé sur ce poste ({proxy}) n’est pas d’un type que l’agent connaît."
           "Demandez à votre administrateur d’indiquer un proxy http (upstream.proxy)."
        en "The proxy set on this workstation ({proxy}) is of a kind that the agent does not speak."
           "Ask your administrator to name an http proxy (upstream.proxy)."
    UPSTREAM_CLIENT_CERTIFICATE = "upstream_client_certificate" 502 Administrator
        fr "Le service de connexion refuse le certificat de ce poste."
           "Demandez à votre administrateur de vérifier le certificat et sa date de fin (upstream.client_certificate)."
        en "The login service refuses the certificate of this workstation."
           "Ask your administrator to check the certificate and its end date (upstream.client_certificate)."
}
