# Pages of the local bridge.

brand = Sign-in for health professionals on this workstation
test-mark = TEST – not for real patients
never-a-pin = The PIN of your card is never typed in a web page.

home-title = cps-agent
home-text = The CPS agent of this workstation is running. You can close this page.
home-portal = To see your card, your session and your applications: choose “Open the agent’s page” in the menu of the CPS icon, or type “cps open” in a terminal.

login-title = Sign in
login-asks = { $application } asks you to sign in.
login-start = Sign in
login-choose = Choose how to sign in
login-again = Try again
login-cancel = Cancel
login-moment = One moment…
login-next = Continue
login-expected = This application expects the person with identifier { $identifier }.
login-identifier = Your national identifier (8 followed by your RPPS number):

way-browser = In the browser
way-browser-what = The login goes on at the page of Pro Santé Connect.
way-browser-what-other = The login goes on at the page of { $host }.
way-ecps = e-CPS on your phone
way-ecps-what = A request arrives in the e-CPS application; you compare a number of two digits there.
way-card = CPS card
way-card-what = Your card in the reader, then its PIN. Pro Santé Connect recognises you.
way-card-what-other = Your card in the reader, then its PIN. The service { $host } recognises you.
way-card-what-nobody = Your card in the reader, then its PIN.
way-token = e-CPS token of this workstation
way-token-what = The key kept on this workstation, then its passphrase. Pro Santé Connect recognises you.
way-token-what-other = The key kept on this workstation, then its passphrase. The service { $host } recognises you.
way-token-what-nobody = The key kept on this workstation, then its passphrase.
way-local = CPS card, without Pro Santé Connect
way-local-other = CPS card, without a login service
way-local-what = This workstation checks your card and its PIN by itself. An online service may ask for another login.
press-browser = Sign in with the browser
press-ecps = Sign in by e-CPS
press-card = Sign in by CPS card
press-token = Sign in by e-CPS token
press-local = Sign in by card, on this workstation alone
psc-about = More about Pro Santé Connect, in French (new window)

reader = Card reader
reader-none = no reader is connected
reader-no-service = the card service of the workstation does not answer
reader-empty = empty
reader-reading = reading the card…
reader-card = card inserted
reader-unusable = unusable card
card = Card
card-number = no. { $serial }
token = e-CPS token
pin = PIN
passphrase = Passphrase
pin-verified = verified already
pin-blocked = blocked
pin-last-try = last try
pin-tries = { $tries } tries left

hint-insert-card = Insert your CPS card into the reader.
hint-choose-card = Several cards are present. Choose yours, or remove the others:
hint-card = Card no. { $serial }
hint-type-pin = Type your PIN in the window that just opened, or on the reader’s keypad.
hint-wait = Signing in…
hint-number-phone = A request goes to the e-CPS application of { $identifier }. Accept it only if it shows the same number.
hint-number-card = The card tool asks for the card of { $identifier }. Accept only if it shows the same number.
hint-number = Number to compare:
number-expires = The request ends in { $seconds } s.
hint-browse = The login goes on at the login service's page.
hint-browse-link = Open that page

consent-title = Permission
consent-asks = { $application } asks to know who you are.
consent-person = You are { $person }.
consent-learns = The application will know:
consent-once = You will not be asked again for this application, unless you disconnect it.
consent-yes = Allow
claim-given_name = your given name
claim-family_name = your family name
claim-SubjectNameID = your national identifier
claim-SubjectRole = your profession and speciality
claim-SubjectOrganization = your organisation
claim-SubjectRefPro = your professional situations
claim-psc_token = a Pro Santé Connect token that is valid in your name
claim-psc_evidence = the proof of login that Pro Santé Connect gave

situation-title = Your professional situation
situation-choose = In which situation do you work? The application will know this one only:

logout-title = Sign out
logout-ask = Do you want to sign out of every application of this workstation?
logout-yes = Sign out
logout-no = Stay signed in
logout-done = You are signed out. You can close this page.
logout-kept = You are still signed in. You can close this page.

refused-title = Sign-in impossible

gone-title = Page expired

failed-title = Nothing to show here

help-code = Who can help: { $who }. Code to give: { $code }.
