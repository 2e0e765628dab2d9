//! Failures of programs that use the card through the PKCS#11 module.

failures! {
    PROGRAM_DENIED = "program_denied" 403 Administrator
        fr "Sur ce poste, ce programme n’a pas le droit d’utiliser la carte."
           "S’il en a besoin, demandez à votre administrateur de l’autoriser dans [pkcs11.programs]."
        en "On this workstation this program may not use the card."
           "If it needs to, ask your administrator to allow it in [pkcs11.programs]."
    PROGRAM_REFUSED = "program_refused" 403 Person
        fr "Vous n’avez pas permis à ce programme d’utiliser la carte."
           "Pour qu’il puisse le demander à nouveau, déconnectez-vous ou retirez la carte, puis réessayez."
        en "You did not let this program use the card."
           "To have it ask again, log out or remove the card, then try again."
    KEY_NOT_OFFERED = "key_not_offered" 403 Administrator
        fr "Les programmes n’ont pas accès à cette clé de la carte, ou à cet usage."
           "La clé de signature et le déchiffrement se permettent dans [pkcs11]. Demandez à votre administrateur."
        en "Programs have no access to this key of the card, or not to this use of it."
           "The signature key and decipherment are switched on in [pkcs11]. Ask your administrator."
    USE_GIVEN_UP = "use_given_up" 409 Person
        fr "Le programme a abandonné sa demande d’utiliser la carte."
           "Si vous en avez encore besoin, recommencez dans ce programme."
        en "The program gave up its request to use the card."
           "If you still need it, start over in that program."
}
