# Messages of the cps command.

## Help

help-usage = Usage:
help-command = COMMAND
help-commands = Commands
help-options = Options
help-arguments = Arguments
arg-help = Print this help
arg-version = Print the version
arg-json = JSON output, for programs
arg-lang = Language of messages (the system's by default)
arg-socket = Socket of the agent ($XDG_RUNTIME_DIR/cps-agent/control.sock by default)
arg-card = Serial number of the card, needed when there are several
arg-way = Way to log in: browser, ecps, card, token or local

cmd = Command the CPS agent of this workstation
more =
    No command asks for a PIN: the agent does, in its own window or on the reader's keypad.

    Exit codes:
      0  done
      1  refused, and the message says what to do
      2  wrong usage
      3  agent absent, or our own fault

    Examples:
      cps status
      cps login --way card
      cps card show --json

cmd-status = Say in three lines whether the agent runs, which card is in, who is logged in
more-status =
    Examples:
      cps status
      cps status --json

cmd-doctor = Find out what is wrong: agent, readers, login service, network, clock
more-doctor =
    One line for each thing that is looked at; for what is wrong, what to do and who can help. Exit code 1 when something does
    not work, 0 otherwise. The login service is asked: this takes a few seconds.

    Examples:
      cps doctor
      cps doctor --json

cmd-readers = List the card readers
more-readers =
    Examples:
      cps readers
      cps readers --json

cmd-open = Open the agent's page: card, session, applications, activity, diagnosis
more-open =
    The page opens in your browser by a link that works once, within a minute. Without a screen, or with --print, the
    link is printed.

    Examples:
      cps open
      cps open help
      cps open --print
arg-open-view = `help` shows first what is wrong
arg-open-print = Print the link instead of opening it

cmd-services = List the national services, and open one in the browser
more-services =
    A service with a login by Pro Santé Connect knows you when you are logged in in that browser.

    Examples:
      cps services
      cps services open annuaire-sante

cmd-services-open = Open a service in the browser
more-services-open =
    Examples:
      cps services open annuaire-sante
arg-services-open-service = Short name of the service, at the head of its line in “cps services”

cmd-card = Show the cards and manage their PIN
more-card =
    Examples:
      cps card show
      cps card pin status

cmd-card-show = Show the cards that are in and their holders
more-card-show =
    Examples:
      cps card show
      cps card show --card 12345678 --json

cmd-card-certs = Show the certificates of a card
more-card-certs =
    Examples:
      cps card certs
      cps card certs --card 12345678 --pem
arg-card-certs-pem = Certificates in PEM form

cmd-card-pin = Manage the PIN of a card
more-card-pin =
    Examples:
      cps card pin status
      cps card pin change

cmd-card-pin-status = Say how many tries are left, without spending one
more-card-pin-status =
    Examples:
      cps card pin status
      cps card pin status --card 12345678 --json

cmd-card-pin-change = Change the PIN of a card
more-card-pin-change =
    The agent asks for the old PIN, then twice for the new one.

    Examples:
      cps card pin change
      cps card pin change --card 12345678

cmd-card-pin-unblock = Unblock a card with its unblocking code
more-card-pin-unblock =
    The agent asks for the unblocking code (PUK), then twice for the new PIN.

    Examples:
      cps card pin unblock
      cps card pin unblock --card 12345678

cmd-audit = Look after the audit trail
more-audit =
    Examples:
      cps audit verify

cmd-audit-verify = Prove that the audit trail was not edited
more-audit-verify =
    The agent checks the hash chain over every file of the trail. A broken chain is a refusal that names file and line,
    with exit code 1. The last hash can be compared with the heads in the system journal:
      journalctl SYSLOG_IDENTIFIER=cps-agent

    Examples:
      cps audit verify
      cps audit verify --json

cmd-token = Make and show the e-CPS tokens of this workstation
more-token =
    Examples:
      cps token show
      cps token new trial --id 899700000001

cmd-token-new = Make an e-CPS token
more-token-new =
    The agent asks for the passphrase that protects the token (12 characters at least).
    Without --csr a TEST authority is made, used once and destroyed: such a token is for trials only.

    Examples:
      cps token new trial --id 899700000001 --given-name Ada --family-name TEST
      cps token new kiosk --id 899700000001 --csr
arg-token-new-name = Name of the file, without path
arg-token-new-id = National identifier of the holder
arg-token-new-given_name = Given name of the holder
arg-token-new-family_name = Family name of the holder
arg-token-new-profession = Profession code (table G15)
arg-token-new-csr = Certificate request for a real authority

cmd-token-show = Show the tokens of this workstation
more-token-show =
    Examples:
      cps token show
      cps token show --json

cmd-login = Log the person in
more-login =
    The command answers when the login is done or refused.

    Examples:
      cps login
      cps login --way card
      cps login --way local --card 12345678
      cps login --ecps --id 899700990015
      cps login --browser

arg-login-ecps = Log in by e-CPS, on the phone (--way ecps)
arg-login-browser = Log in in the browser (--way browser)
arg-login-id = National identifier of the person to ask on their phone; the last holder who logged in when absent
login-number-phone = A request goes to the e-CPS application of { $identifier }. Accept it only if it shows the number { $number }.
login-number-card = The card tool asks for the card of { $identifier }. Accept only if it shows the number { $number }.
login-browse = The login goes on in the browser. If no page opens, open this one: { $address }

cmd-logout = End the person's session
more-logout =
    Examples:
      cps logout
      cps logout --json

cmd-session = Show who is logged in, how and until when
more-session =
    Examples:
      cps session
      cps session --json

cmd-sign = Have a challenge signed by the card
more-sign =
    Writes a compact JWS (typ cps-challenge+jwt) with the certificate, which the verifier can check by itself.

    Examples:
      cps sign --challenge 00112233445566778899aabbccddeeff
      cps sign --challenge 00112233445566778899aabbccddeeff --audience https://dpi.example --purpose login
arg-sign-challenge = The verifier's challenge, 16 to 64 bytes in hexadecimal
arg-sign-audience = Whom the signature is for (aud)
arg-sign-purpose = Purpose: login, presence or test

cmd-client = Manage the applications that may log the person in
more-client =
    Examples:
      cps client list
      cps client remove my-dpi

cmd-client-add = Register an application
more-client-add =
    Registering an application is agreeing that it logs the person in.
    A redirect URI to 127.0.0.1, [::1] or localhost holds for every port.

    Examples:
      cps client add --id my-dpi --redirect-uri http://127.0.0.1/back
      cps client add --id server --redirect-uri http://localhost/cb --confidential --json
      cps client add --id lps --redirect-uri http://127.0.0.1/cb --public-key lps.pem --scope cps:sign
arg-client-add-id = Identifier of the application (client_id)
arg-client-add-name = Name shown to people
arg-client-add-redirect_uri = Redirect URI, may be repeated
arg-client-add-confidential = The application keeps a secret, which is shown once
arg-client-add-client_auth = How the application proves itself: none, client_secret (as its library likes), client_secret_basic, client_secret_post or private_key_jwt
arg-client-add-public_key = File of the public key (PEM or JWK), in place of a secret
arg-client-add-scope = Scope it may ask for, may be repeated
arg-client-add-claim = Claim it may get, may be repeated
arg-client-add-way = Way of logging in it may use, may be repeated
arg-client-add-id_token_alg = Signature of its ID tokens: RS256 or ES256
arg-client-add-pkce = PKCE: required (the default), or optional for a confidential application
arg-client-add-openid_basic = Accepts requests without “state” and “nonce”
arg-client-add-origin = Origin of a web page of the application, may be repeated
arg-client-add-post_logout_redirect_uri = Where the browser may go after a logout, may be repeated
arg-client-add-backchannel_logout_uri = Address on this machine where the application learns that a session ended
arg-client-add-consent = The person’s consent: registered (registering is enough) or first-use (a page asks once)
arg-client-add-choose_situation = The person chooses one of their professional situations
arg-client-add-ciba = May log the person in without a browser (CIBA)
arg-client-add-require_pushed = Its authorization requests are pushed (PAR) or refused
arg-client-add-gateway = May call this gateway by a secret address, shown once, without an access token; repeatable

cmd-client-list = List the registered applications
more-client-list =
    Examples:
      cps client list
      cps client list --json

cmd-client-remove = Remove an application
more-client-remove =
    Examples:
      cps client remove my-dpi
arg-client-remove-id = Identifier of the application (client_id)

cmd-trust = Make browsers and programs believe the https bridge of the agent
more-trust =
    For bridge.tls = true. The agent makes an authority that may vouch for this machine only, has it sign
    the bridge's certificate, and destroys its key. The certificate lasts thirteen months: install it again
    before it ends. Firefox and Chromium read their stores when they start.

    Examples:
      cps trust install
      cps trust remove

cmd-trust-install = Make the certificate if need be, and fill the stores of this machine
more-trust-install =
    The system's store needs root; the databases of the person's browsers need certutil (libnss3-tools).
    What lasts longer than 30 days is kept, so this may be run every day. Exits with 1 when a store is left.

    Examples:
      cps trust install
      cps trust install --no-system --json
arg-trust-install-renew = A new certificate, even when the present one lasts
arg-trust-install-no_system = Leave the system's store alone

cmd-trust-remove = Take the authority out of every store and forget the certificate
more-trust-remove =
    Examples:
      cps trust remove
arg-trust-remove-no_system = Leave the system's store alone

cmd-pkcs11 = Give the card to browsers, Java, OpenSSL and ssh
more-pkcs11 =
    Registers the agent's PKCS#11 module where programs look for one: p11-kit, the profiles of Firefox, Chromium, and
    files for Java and OpenSSL. Browsers read their modules when they start. The PIN stays with the agent.

    Examples:
      cps pkcs11 install
      cps pkcs11 status

cmd-pkcs11-install = Register the module with every program there is
more-pkcs11-install =
    What is written is recorded, so that “remove” takes away exactly that. What somebody else wrote under the same name
    is left and named, with exit code 1. As root, p11-kit is told for the whole machine. May be run again at any time:
    a browser's new profile wants it.

    Examples:
      cps pkcs11 install
      cps pkcs11 install --module /usr/lib/pkcs11/libcps_pkcs11.so --json
arg-pkcs11-install-module = File of the module (the one installed with this command by default)
arg-pkcs11-install-no_system = As root: register for root's own programs alone

cmd-pkcs11-remove = Take the module away from every program it was registered with
more-pkcs11-remove =
    Examples:
      cps pkcs11 remove
arg-pkcs11-remove-no_system = As root: what was registered for root's own programs alone

cmd-pkcs11-status = Say where the module is registered, by whom, and what is wrong
more-pkcs11-status =
    Exits with 1 when no program could load the module.

    Examples:
      cps pkcs11 status
      cps pkcs11 status --json
arg-pkcs11-status-module = File of the module (the one installed with this command by default)
arg-pkcs11-status-no_system = As root: look at root's own programs alone

## Wrong usage

usage-unknown = cps: unknown argument: { $what }
usage-command = cps: unknown command: { $what }
usage-missing = cps: missing { $what }
usage-no-command = cps: a command is missing
usage-no-value = cps: the value of { $what } is missing
usage-value = cps: { $given } is no value of { $what }
usage-value-of = cps: { $given } is no value of { $what } (one of { $allowed })
usage-twice = cps: { $what } is given twice, or with an option against it
usage-other = cps: the command is mistyped
usage-hint = hint: add --help to see the help

## Errors

error = cps: { $message }
hint = hint: { $hint }
unfit-missing = there is no such file
unfit-unreadable = it cannot be read
unfit-no_module = it is no PKCS#11 module
unfit-other_machine = it is made for another kind of machine
unfit-path = its path has characters that the settings of some programs cannot carry (quotes, \ $ # % ;, line ends, letters beyond Latin-1, a space at its end)

## Status

field-agent = agent
field-card = card
field-session = session
status-running = running, version { $version }
status-test = {" "}[TEST]
status-bridge-closed = , bridge closed ({ $code })
status-no-service = no card service (pcscd)
status-no-reader = no reader
status-no-card = none
status-card-problem = {" "}– unusable ({ $code })
status-no-session = nobody
status-session = { $name }, { $left } left
status-session-locked = { $name }, locked, { $left } left
minutes = { $minutes } min
hours = { $hours } h { $minutes } min

open-opened = the agent's page opens in your browser
open-by-hand = open this link within a minute, in a browser of this session: it works once
services-none = no services
access-psc = Pro Santé Connect
access-card = CPS card
access-account = account of the service
access-open = open to everybody
readers-none = no reader
reader-empty = empty
reader-card = card
reader-mute = mute card
reader-unknown = unknown card

## Cards

field-serial = serial
field-kind = kind
field-place = place
field-holder = holder
field-id = identifier
field-card-type = card type
field-profession = profession
field-speciality = speciality
field-pin = PIN
field-problem = problem
field-role = role
field-label = label
field-subject = subject
field-issuer = issuer
field-validity = validity
field-sha256 = SHA-256
field-state = state
field-length = length
field-prompt = prompt
kind-cps3 = CPS3
kind-cps3-contactless = CPS3 contactless
kind-cps4 = CPS4
kind-token = e-CPS token
card-unlocked = verified for the agent
card-problem = unusable ({ $code })
role-authentication = authentication
role-signature = signature
role-technical = technical (contactless)
pin-blocked = blocked
pin-left = { $left ->
    [one] { $left } try left
   *[other] { $left } tries left
  }
pin-unknown = the card does not say how many tries are left
pin-digits = { $min } digits
pin-lengths = { $min } to { $max } characters
pin-on-pad = on the reader's keypad
pin-in-window = in the agent's window
pin-prompt = the agent asks for the codes; leave the card in the reader
pin-changed = the PIN of card { $serial } is changed
pin-unblocked = card { $serial } is unblocked

## Tokens

field-file = file
field-authority = authority
field-lines = lines
field-head = head
field-aside = kept aside
audit-aside = an older part of the trail was damaged or edited when the agent started; it was kept aside
tokens-none = no token
token-prompt = the agent asks for the passphrase of the token
token-csr = here is the certificate request, to be sent to the authority
token-anchor = add the authority to the anchors of the test environment so that this token is accepted

## Session

field-way = login
field-idp = service
field-acr = level
field-end = end
field-clients = applications
way-browser = browser
way-ecps = e-CPS
way-card = card
way-token = token
way-local = local
session-no-card = none: taking one out does not end this session
session-local = none (local session)
session-left = { $left } left
session-locked = locked
logout-done = the session is ended
logout-none = nobody was logged in

## Applications

field-client-id = client_id
field-client-secret = client_secret
field-issuer-url = issuer
field-gateway = gateway
field-name = name
field-redirect = redirect
field-scopes = scopes
field-origin = registered
client-secret-once = write the secret down now: it is never shown again
client-removed = application { $id } is removed
client-public = public
client-confidential = confidential
clients-none = no application
origin-policy = by the administrator
origin-user = by you

## Trust

field-store = store
store-filled = filled
store-emptied = emptied
store-needs_root = left, needs root
store-no_certutil = left, needs certutil
store-failed = left ({ $why })
trust-none = there is no certificate to take back
trust-no-store = no store was found on this machine; give your software the authority's file
trust-setting = the bridge speaks http for now: set bridge.tls = true and restart the agent

## The card in other programs

field-module = module
field-java = Java
field-openssl = OpenSSL
field-curl = curl
field-ssh = ssh
field-ssh-key = ssh key
place-registered = { $who }, registered
place-registered-system = { $who }, registered for the whole machine
place-registered-other = { $who }, registered by somebody else
place-absent = { $who }, not registered
place-stale = { $who }, names a module that is not the present one ({ $module })
place-foreign = { $who }, has our name but is not ours
place-changed = { $who }, changed by somebody since it was written
place-unreachable = { $who }, out of reach in its { $wall }
place-failed = { $who }, left ({ $why })
place-unreadable = { $who }, left: it cannot be read as text (UTF-8)
place-running = {" "}– running now
program-p11-kit = p11-kit
program-firefox = Firefox
program-chromium = Chromium
program-nss = browser
program-java = Java
program-openssl = OpenSSL
pkcs11-nothing = the module was registered nowhere
pkcs11-running = close and start the running browsers again: they read their modules when they start
pkcs11-snap = a snap can neither load the module nor reach the agent: install this browser as a package of your distribution or of its maker
pkcs11-flatpak = let the flatpak through, start the browser once, then run the command again: { $command }
pkcs11-flatpak-home = a flatpak does not see /usr: install the module in your home (packaging/linux/install.sh), then run the command again

## Diagnosis

doctor-ok = ok
doctor-warning = warning
doctor-failed = failed
doctor-next = { $detail } ({ $help })
help-person = you can do it
help-administrator = your administrator
help-card_issuer = the Agence du Numérique en Santé
help-upstream = whoever runs the service
help-vendor = the maker of the software
