# Icon, menu and notifications.

test-mark = TEST – not for real patients

## The state, at the head of the menu and in the tooltip

state-stopped = The CPS agent is not running.
state-no-reader = No card reader
state-no-card = No card in the reader
state-card = Card of { $holder }
state-session = Session of { $name }
state-no-carrier = No card carries the session: log out when you leave.
state-until = { $way }, until { $until }
state-locked = { $way } – locked
state-prompt = A PIN is asked for, for { $application }
state-number = Number to compare: { $number }

way-browser = Pro Santé Connect
way-ecps = e-CPS
way-card = CPS card
way-token = e-CPS token
way-local = CPS card, without Pro Santé Connect

card-number = Card no. { $serial }
card-named = { $holder } – card no. { $serial }
pin-tries =
    { $count ->
        [1] PIN: last try before the card is blocked
       *[other] PIN: { $count } tries left
    }
pin-blocked = PIN blocked

## The menu

menu-start = Start the agent
menu-card = Log in by card
menu-resume = Resume the session by card
menu-ecps = Log in by e-CPS
menu-psc = S’identifier avec Pro Santé Connect
menu-browser = Log in with the browser
menu-give-up = Give up the login
menu-logout = Log out
menu-situation = Choose the professional situation for { $application }
menu-consent = Allow { $application }…
menu-services = Services
menu-of-card = Card of { $holder }
menu-change-pin = Change the PIN…
menu-unblock-pin = Unblock the PIN…
menu-page = Open the agent’s page
menu-help = Help and diagnosis
menu-language = Language / Langue
menu-quit = Quit this icon

## Notifications

login-title = { $name }: session opened
login-body = { $way }, until { $until } at the latest.
resumed-title = { $name }: session resumed
resumed-body = It lasts until { $until } at the latest.
locked-title = { $name }: session locked
locked-body = Log in again to resume it.
locked-body-card = Insert your card again and type your PIN to resume it.

ended-title = { $name }: session ended
ended-title-nobody = The session has ended
ended-logout = You are logged out of every application of this computer.
ended-card-removed = The card was removed: every application of this computer is logged out.
ended-other-person = Another person’s card was inserted. Log in with your own card.
ended-expired = Its longest time is over. Log in again to go on.
ended-idle = Nobody has worked here for a while. Log in again to go on.
ended-replaced = A new login takes its place.
ended-upstream = The login service ended it. Log in again to go on.
ended-stopped = The agent is stopping. Log in again when it is back.
ended-other = Log in again to go on.

card-left-title = Card removed
card-left-body = The session of { $name } goes on until { $until }. Log out if you are leaving.

number-title = Number to compare: { $number }
number-phone = Accept the request on your phone only if it shows the same number.
number-card = Accept in the card management tool only if it shows the same number.
pad-title = Type your PIN on the reader
pad-body = The reader’s keypad waits for your PIN.

pin-changed-title = Your PIN is changed
pin-changed-body = Use the new PIN from now on.
pin-unblocked-title = Your PIN is unblocked
pin-unblocked-body = Use the new PIN from now on.

client-title = Application registered: { $name }
client-body = It may ask you to identify yourself. If you did not expect it, tell your administrator.

well-title = Everything works
well-body = The diagnosis found nothing wrong.
more = To see everything: cps doctor
