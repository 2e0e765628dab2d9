//! What is told before it goes wrong: nothing is refused yet.

failures! {
    CARD_ENDING = "card_ending" 409 CardIssuer
        fr "Le certificat de votre carte arrive à sa fin (jours restants : {days})."
           "Demandez dès maintenant une nouvelle carte à l’Agence du Numérique en Santé : sans elle, vous ne pourrez plus vous connecter par carte."
        en "The certificate of your card is about to end (days left: {days})."
           "Ask the Agence du Numérique en Santé for a new card now: without it you cannot log in by card any more."
    SESSION_WITHOUT_CARD = "session_without_card" 409 Person
        fr "Aucune carte de ce poste ne porte votre session : retirer votre carte ne la fermera pas."
           "Déconnectez-vous vous-même avant de partir. Pour que la carte compte, reconnectez-vous par carte."
        en "No card of this workstation carries your session: taking your card out will not end it."
           "Log out yourself before you leave. To make the card count, log in again by card."
    SESSION_ENDING = "session_ending" 409 Person
        fr "Votre session se termine dans {minutes} min."
           "Enregistrez votre travail, puis reconnectez-vous quand elle sera terminée."
        en "Your session ends in {minutes} min."
           "Save your work, and log in again when it has ended."
    SESSION_IDLE = "session_idle" 409 Person
        fr "Sans activité de votre part, votre session se termine dans {minutes} min."
           "Continuez à travailler, ou ouvrez la page de l’agent, pour la garder."
        en "Without any activity of yours, your session ends in {minutes} min."
           "Go on working, or open the agent's page, to keep it."
}
