# Icône, menu et notifications. Typographie française : espace insécable avant « : ; ? ! », apostrophe typographique.

test-mark = TEST – ne pas utiliser pour de vrais patients

## L’état, en tête du menu et dans l’infobulle

state-stopped = L’agent CPS est arrêté.
state-no-reader = Aucun lecteur de carte
state-no-card = Aucune carte dans le lecteur
state-card = Carte de { $holder }
state-session = Session de { $name }
state-no-carrier = Aucune carte ne porte la session : déconnectez-vous en partant.
state-until = { $way }, jusqu’à { $until }
state-locked = { $way } – verrouillée
state-prompt = Un code est demandé pour { $application }
state-number = Nombre à comparer : { $number }

way-browser = Pro Santé Connect
way-ecps = e-CPS
way-card = Carte CPS
way-token = Jeton e-CPS
way-local = Carte CPS, sans Pro Santé Connect

card-number = Carte n° { $serial }
card-named = { $holder } – carte n° { $serial }
pin-tries =
    { $count ->
        [1] Code : dernier essai avant blocage
       *[other] Code : { $count } essais restants
    }
pin-blocked = Code bloqué

## Le menu

menu-start = Démarrer l’agent
menu-card = Se connecter par carte
menu-resume = Reprendre la session par carte
menu-ecps = Se connecter par e-CPS
menu-psc = S’identifier avec Pro Santé Connect
menu-browser = Se connecter dans le navigateur
menu-give-up = Abandonner la connexion
menu-logout = Se déconnecter
menu-situation = Choisir la situation professionnelle pour { $application }
menu-consent = Autoriser { $application }…
menu-services = Services
menu-of-card = Carte de { $holder }
menu-change-pin = Changer le code…
menu-unblock-pin = Débloquer le code…
menu-page = Ouvrir la page de l’agent
menu-help = Aide et diagnostic
menu-language = Langue / Language
menu-quit = Quitter cette icône

## Les notifications

login-title = { $name } : session ouverte
login-body = { $way }, jusqu’à { $until } au plus tard.
resumed-title = { $name } : session reprise
resumed-body = Elle dure jusqu’à { $until } au plus tard.
locked-title = { $name } : session verrouillée
locked-body = Reconnectez-vous pour la reprendre.
locked-body-card = Remettez votre carte et saisissez votre code pour la reprendre.

ended-title = { $name } : session terminée
ended-title-nobody = La session est terminée
ended-logout = Vous êtes déconnecté de toutes les applications de ce poste.
ended-card-removed = La carte a été retirée : toutes les applications de ce poste sont déconnectées.
ended-other-person = La carte d’une autre personne a été insérée. Connectez-vous avec votre propre carte.
ended-expired = Sa durée maximale est atteinte. Reconnectez-vous pour continuer.
ended-idle = Personne n’a travaillé sur ce poste depuis un moment. Reconnectez-vous pour continuer.
ended-replaced = Une nouvelle connexion la remplace.
ended-upstream = Le service de connexion y a mis fin. Reconnectez-vous pour continuer.
ended-stopped = L’agent s’arrête. Reconnectez-vous quand il aura redémarré.
ended-other = Reconnectez-vous pour continuer.

card-left-title = Carte retirée
card-left-body = La session de { $name } continue jusqu’à { $until }. Déconnectez-vous si vous partez.

number-title = Nombre à comparer : { $number }
number-phone = Acceptez la demande sur votre téléphone seulement s’il montre le même nombre.
number-card = Acceptez dans l’outil de gestion de carte seulement s’il montre le même nombre.
pad-title = Tapez votre code sur le lecteur
pad-body = Le clavier du lecteur attend votre code.

pin-changed-title = Votre code est changé
pin-changed-body = Utilisez désormais le nouveau code.
pin-unblocked-title = Votre code est débloqué
pin-unblocked-body = Utilisez désormais le nouveau code.

client-title = Application inscrite : { $name }
client-body = Elle pourra vous demander de vous identifier. Si vous ne l’attendiez pas, prévenez votre administrateur.

well-title = Tout fonctionne
well-body = Le diagnostic n’a rien trouvé d’anormal.
more = Pour tout voir : cps doctor
