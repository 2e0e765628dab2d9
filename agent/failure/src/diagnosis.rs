//! What only a diagnosis finds: nobody waits for it yet.

failures! {
    BRIDGE_MOVED = "bridge_moved" 503 Administrator
        fr "Le port {port} appartient à l’agent d’un autre utilisateur : celui-ci écoute à l’adresse {issuer}."
           "Rien à faire si les applications lisent bridge.json. Sinon, donnez à chaque utilisateur son port (bridge.listen)."
        en "Port {port} belongs to another user's agent: this one listens at {issuer}."
           "Nothing to do if applications read bridge.json. Otherwise give each user a port (bridge.listen)."
    DISCOVERY_DRIFT = "discovery_drift" 502 Administrator
        fr "La description du service de connexion a changé ({what})."
           "La connexion peut encore fonctionner. Vérifiez les annonces du service et mettez l’agent à jour."
        en "The description of the login service has changed ({what})."
           "Logins may still work. Check the service's announcements and update the agent."
    DISCOVERY_LACKS = "discovery_lacks" 502 Administrator
        fr "Le service de connexion n’annonce pas ce que ce poste lui demandera ({what})."
           "Vérifiez les réglages de [upstream] avec l’exploitant du service."
        en "The login service does not announce what this workstation will ask of it ({what})."
           "Check the settings of [upstream] with whoever runs the service."
    CLIENT_CERTIFICATE_ENDING = "client_certificate_ending" 503 Administrator
        fr "Le certificat de ce poste auprès du service de connexion se termine dans {days} jours."
           "Demandez dès maintenant son renouvellement (upstream.client_certificate)."
        en "The certificate of this workstation at the login service ends in {days} days."
           "Ask for its renewal now (upstream.client_certificate)."
    CLIENT_CERTIFICATE_EXPIRED = "client_certificate_expired" 503 Administrator
        fr "Le certificat de ce poste auprès du service de connexion a expiré."
           "Remplacez le certificat et sa clé (upstream.client_certificate, upstream.client_key), puis redémarrez l’agent."
        en "The certificate of this workstation at the login service has expired."
           "Replace the certificate and its key (upstream.client_certificate, upstream.client_key), then restart the agent."
    CLIENT_CERTIFICATE_NAME = "client_certificate_name" 503 Administrator
        fr "Le nom du certificat de ce poste ({name}) n’est pas le client_id ({client_id}), comme Pro Santé Connect le demande."
           "Vérifiez upstream.client_id et upstream.client_certificate."
        en "The name of this workstation's certificate ({name}) is not the client_id ({client_id}), as Pro Santé Connect asks."
           "Check upstream.client_id and upstream.client_certificate."
    DISK_FULL = "disk_full" 503 Administrator
        fr "Il ne reste que {megabytes} Mo sur le disque où l’agent garde son état."
           "Libérez de la place : sans elle, l’agent ne peut plus tenir son journal d’audit."
        en "Only {megabytes} MB are left on the disk where the agent keeps its state."
           "Free some space: without it the agent can no longer keep its audit trail."
    LOGOUT_UNDELIVERED = "logout_undelivered" 503 Administrator
        fr "La fin d’une session n’a pas pu être annoncée ({count} destinataires)."
           "Vérifiez que ces applications et le service de connexion sont joignables ; le journal d’audit les nomme."
        en "The end of a session could not be announced ({count} recipients)."
           "Check that these applications and the login service can be reached; the audit trail names them."
    WORKSTATION_UNWATCHED = "workstation_unwatched" 503 Administrator
        fr "Le système ne dit pas quand le poste est verrouillé, en veille ou quitté."
           "Vérifiez que systemd-logind fonctionne. Sans lui, le mode relock équivaut à lock, et seuls les gestes faits avec l’agent prolongent une session."
        en "The system does not tell when the workstation is locked, asleep or left."
           "Check that systemd-logind runs. Without it the mode relock is like lock, and only acts with the agent prolong a session."
    STATE_ASIDE = "state_aside" 409 Administrator
        fr "Des fichiers endommagés ont été mis de côté au démarrage : {files}."
           "Conservez-les. Les applications qui y étaient inscrites doivent l’être à nouveau ; « cps audit verify » contrôle le journal."
        en "Damaged files were kept aside when the agent started: {files}."
           "Keep them. Applications registered there must be registered again; “cps audit verify” checks the trail."
}
