//! Failures of readers, cards, PINs and e-CPS tokens.

failures! {
    // Readers and their service.
    NO_READER = "no_reader" 503 Person
        fr "Aucun lecteur de carte n’est branché."
           "Branchez le lecteur, puis réessayez. S’il est déjà branché, essayez une autre prise."
        en "No card reader is connected."
           "Connect the reader and try again. If it is already connected, try another socket."
    NO_CARD_SERVICE = "no_card_service" 503 Administrator
        fr "Le service des cartes à puce de cet ordinateur ne fonctionne pas."
           "Demandez à votre administrateur d’installer ou de démarrer ce service (pcscd sous Linux). L’agent reprendra de lui-même."
        en "The smart-card service of this computer is not running."
           "Ask your administrator to install or start it (pcscd on Linux). The agent will carry on by itself."
    CARD_SERVICE_REFUSED = "card_service_refused" 503 Administrator
        fr "Le service des cartes à puce refuse l’accès à votre session."
           "Cela arrive sur un bureau à distance ou quand une règle du système l’interdit. Demandez à votre administrateur."
        en "The smart-card service refuses access to your session."
           "This happens on a remote desktop, or where a rule of the system forbids it. Ask your administrator."
    READER_FAILED = "reader_failed" 503 Person
        fr "Le lecteur de carte ne répond pas correctement."
           "Débranchez le lecteur, rebranchez-le, puis réessayez."
        en "The card reader does not answer properly."
           "Disconnect the reader, connect it again and retry."

    // Cards.
    NO_CARD = "no_card" 409 Person
        fr "Aucune carte n’est dans le lecteur."
           "Insérez votre carte CPS, puis réessayez."
        en "There is no card in the reader."
           "Insert your CPS card and try again."
    CARD_MUTE = "card_mute" 422 Person
        fr "La carte ne répond pas."
           "Vérifiez qu’elle est insérée dans le bon sens et que sa puce est propre, puis réessayez."
        en "The card does not answer."
           "Check that it is inserted the right way round and that its chip is clean, then try again."
    CARD_NOT_CPS = "card_not_cps" 422 Person
        fr "Cette carte n’est pas une carte CPS."
           "Insérez votre carte de professionnel de santé. La carte Vitale ne convient pas ici."
        en "This is not a CPS card."
           "Insert your health professional's card. A Vitale card does not work here."
    CARD_UPDATE_INTERRUPTED = "card_update_interrupted" 422 CardIssuer
        fr "Une mise à jour de la carte a été interrompue : son contenu est incomplet."
           "Relancez la mise à jour avec l’outil de gestion de la carte, ou contactez l’Agence du Numérique en Santé."
        en "An update of the card was interrupted, so its content is incomplete."
           "Run the update again with the card's management tool, or contact the Agence du Numérique en Santé."
    CARD_BUSY = "card_busy" 409 Person
        fr "Un autre programme utilise la carte."
           "Attendez qu’il ait terminé ou fermez-le, puis réessayez."
        en "Another program is using the card."
           "Wait until it has finished, or close it, then try again."
    CARD_REMOVED = "card_removed" 409 Person
        fr "La carte a été retirée avant la fin."
           "Remettez la carte et recommencez. Aucun essai de code n’est perdu si vous n’aviez pas validé votre code."
        en "The card was removed before the end."
           "Insert the card again and start over. No try is lost unless you had confirmed your PIN."
    SEVERAL_CARDS = "several_cards" 409 Person
        fr "Plusieurs cartes sont présentes."
           "Laissez une seule carte dans les lecteurs, ou choisissez celle à utiliser : {serials}."
        en "Several cards are present."
           "Leave one card in the readers, or choose the one to use: {serials}."
    CARD_UNKNOWN = "card_unknown" 404 Person
        fr "La carte demandée n’est pas présente."
           "Insérez la carte qui porte ce numéro, ou choisissez-en une autre."
        en "The card that was asked for is not present."
           "Insert the card with that number, or choose another one."
    CARD_GARBLED = "card_garbled" 422 CardIssuer
        fr "Le contenu de la carte est illisible."
           "Retirez la carte, remettez-la et réessayez. Si cela se répète, contactez l’Agence du Numérique en Santé."
        en "The content of the card cannot be read."
           "Remove the card, insert it again and retry. If it happens again, contact the Agence du Numérique en Santé."
    CARD_REFUSED = "card_refused" 422 Administrator
        fr "La carte a refusé l’opération (état {status})."
           "Retirez la carte, remettez-la et réessayez. Si cela se répète, donnez cet état à votre administrateur."
        en "The card refused the operation (status {status})."
           "Remove the card, insert it again and retry. If it happens again, give this status to your administrator."
    CARD_UNSUPPORTED = "card_unsupported" 422 Vendor
        fr "Cette carte ne sait pas faire l’opération demandée."
           "Utilisez une autre carte, ou signalez-le à l’éditeur de l’application."
        en "This card cannot do what was asked."
           "Use another card, or tell the vendor of the application."
    CONTACTLESS_CARD = "contactless_card" 409 Person
        fr "Sans contact, la carte prouve seulement qu’elle est là : elle ne permet pas de se connecter."
           "Insérez la carte dans un lecteur à contact."
        en "Without contact the card only proves that it is there: it cannot log anyone in."
           "Insert the card into a contact reader."

    // PIN and PUK.
    PIN_REQUIRED = "pin_required" 409 Person
        fr "La carte demande à nouveau votre code."
           "Recommencez et saisissez votre code. Un autre programme a pu remettre la carte à zéro."
        en "The card wants your PIN again."
           "Start over and enter your PIN. Another program may have reset the card."
    PIN_WRONG = "pin_wrong" 403 Person
        fr "Le code est faux."
           "Essais restants : {tries_left}. Vérifiez votre code avant de le saisir à nouveau : après le dernier essai, la carte se bloque."
        en "The PIN is wrong."
           "Tries left: {tries_left}. Make sure of your PIN before you enter it again: after the last try the card blocks itself."
    PIN_LAST_TRY = "pin_last_try" 409 Person
        fr "Il ne reste qu’un essai avant le blocage."
           "Si vous n’êtes pas sûr de votre code, arrêtez ici et munissez-vous du code de déblocage (PUK)."
        en "One try is left before it is blocked."
           "Unless you are sure of your PIN, stop here and fetch your unblocking key (PUK)."
    PIN_BLOCKED = "pin_blocked" 403 Person
        fr "Le code de la carte est bloqué."
           "Débloquez-le avec le code de déblocage (PUK) reçu avec la carte : choisissez « Débloquer le code… » dans le menu de l’icône CPS."
        en "The card's PIN is blocked."
           "Unblock it with the unblocking key (PUK) that came with the card: choose “Unblock the PIN…” in the menu of the CPS icon."
    PIN_CANCELLED = "pin_cancelled" 409 Person
        fr "La saisie du code a été abandonnée."
           "Recommencez quand vous êtes prêt. Fermer la fenêtre ne fait perdre aucun essai."
        en "The PIN prompt was closed."
           "Start over when you are ready. Closing the prompt costs no try."
    PIN_FORMAT = "pin_format" 422 Person
        fr "Le code n’a pas le bon nombre de chiffres (attendu : {length})."
           "Saisissez-le à nouveau. Il n’a pas été envoyé à la carte et aucun essai n’est perdu."
        en "The PIN has not the right number of digits (expected: {length})."
           "Enter it again. It was not sent to the card and no try was lost."
    PIN_MISMATCH = "pin_mismatch" 422 Person
        fr "Les deux saisies sont différentes."
           "Recommencez : rien n’a changé."
        en "The two entries are different."
           "Start over: nothing has changed."
    PIN_NO_PROMPTER = "pin_no_prompter" 503 Administrator
        fr "La fenêtre de saisie du code n’a pas pu s’ouvrir."
           "Demandez à votre administrateur d’installer pinentry, ou de vérifier le réglage pin.pinentry."
        en "The PIN prompt could not be shown."
           "Ask your administrator to install pinentry, or to check the setting pin.pinentry."
    PIN_PROMPT_BUSY = "pin_prompt_busy" 409 Person
        fr "Une autre saisie de code est déjà ouverte."
           "Terminez-la ou fermez-la, puis réessayez."
        en "Another PIN prompt is already open."
           "Finish or close it, then try again."
    PUK_WRONG = "puk_wrong" 403 Person
        fr "Le code de déblocage (PUK) est faux."
           "Essais restants : {tries_left}. Vérifiez-le sur le courrier reçu avec la carte : après le dernier essai, la carte doit être remplacée."
        en "The unblocking key (PUK) is wrong."
           "Tries left: {tries_left}. Check it in the letter that came with the card: after the last try the card must be replaced."
    PUK_BLOCKED = "puk_blocked" 403 CardIssuer
        fr "Le code de déblocage (PUK) est bloqué : cette carte ne peut plus servir."
           "Demandez une nouvelle carte à l’Agence du Numérique en Santé."
        en "The unblocking key (PUK) is blocked: this card can no longer be used."
           "Ask the Agence du Numérique en Santé for a new card."

    // e-CPS tokens.
    NO_TOKEN = "no_token" 409 Person
        fr "Aucun jeton e-CPS n’est installé sur ce poste."
           "Connectez-vous d’une autre façon, ou demandez à votre administrateur d’en créer un."
        en "There is no e-CPS token on this workstation."
           "Log in another way, or ask your administrator to make one."
    SEVERAL_TOKENS = "several_tokens" 409 Person
        fr "Plusieurs jetons e-CPS sont installés."
           "Choisissez celui à utiliser : {names}."
        en "Several e-CPS tokens are installed."
           "Choose the one to use: {names}."
    TOKEN_EXISTS = "token_exists" 409 Person
        fr "Un jeton e-CPS porte déjà ce nom."
           "Choisissez un autre nom : un jeton n’est jamais remplacé."
        en "An e-CPS token of this name exists."
           "Choose another name: a token is never replaced."
    TOKEN_MALFORMED = "token_malformed" 400 Vendor
        fr "La demande de jeton e-CPS est incomplète ou mal formée ({reason})."
           "Corrigez la demande (cps token new --help en donne les règles)."
        en "The request for an e-CPS token is incomplete or malformed ({reason})."
           "Correct the request (cps token new --help has the rules)."
    TOKEN_FILE_DAMAGED = "token_file_damaged" 422 Administrator
        fr "Le fichier du jeton e-CPS est abîmé ou illisible."
           "Restaurez-le d’une sauvegarde, ou créez un nouveau jeton."
        en "The file of the e-CPS token is damaged or cannot be read."
           "Restore it from a backup, or make a new token."
    PASSPHRASE_WRONG = "passphrase_wrong" 403 Person
        fr "La phrase secrète du jeton est fausse."
           "Vérifiez-la avant de la saisir à nouveau."
        en "The token's passphrase is wrong."
           "Make sure of it before you enter it again."
    PASSPHRASE_SHORT = "passphrase_short" 422 Person
        fr "La phrase secrète du jeton doit compter au moins {min} caractères."
           "Choisissez-en une plus longue : quelques mots sans rapport entre eux conviennent bien."
        en "The passphrase must have at least {min} characters."
           "Choose a longer one: a few unrelated words do well."
}
