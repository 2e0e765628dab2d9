# Pages of the local bridge.

test-mark = TEST – not for real patients

home-title = cps-agent
home-text = The CPS agent of this workstation is running. You can close this page.

login-title = Sign in
login-asks = { $application } asks you to sign in.
login-choose = Choose how to sign in:
login-again = Try again:
login-no-way = No way of signing in is allowed for this application. Tell your administrator.
login-cancel = Cancel
login-next = Continue
login-expected = This application expects the person with identifier { $identifier }.
login-identifier = Your national identifier (8 followed by your RPPS number):

way-browser = Pro Santé Connect in the browser
way-ecps = e-CPS on your phone
way-card = CPS card
way-token = e-CPS token of this workstation
way-local = CPS card, without Pro Santé Connect

hint-insert-card = Insert your CPS card into the reader.
hint-choose-card = Several cards are present. Choose yours, or remove the others:
hint-card = Card no. { $serial }
hint-type-pin = Type your PIN in the window that just opened, or on the reader’s keypad.
hint-wait = Signing in…
hint-number-phone = A request goes to the e-CPS application of { $identifier }. Accept it only if it shows the same number.
hint-number-card = The card tool asks for the card of { $identifier }. Accept only if it shows the same number.
hint-number = Number to compare:
hint-browse = The login goes on at the login service's page.
hint-browse-link = Open that page

consent-title = Permission
consent-asks = { $application } asks to know who you are, for the first time.
consent-person = You are { $person }.
consent-learns = The application will know:
consent-yes = Allow
claim-given_name = your given name
claim-family_name = your family name
claim-SubjectNameID = your national identifier
claim-SubjectRole = your profession and speciality
claim-SubjectOrganization = your organisation
claim-SubjectRefPro = your professional situations
claim-psc_token = a Pro Santé Connect token that is valid in your name
claim-psc_evidence = the proof of login that Pro Santé Connect gave

situation-choose = In which situation do you work? The application will know this one only:

logout-title = Sign out
logout-ask = Do you want to sign out of every application of this workstation?
logout-yes = Sign out
logout-no = Stay signed in
logout-done = You are signed out. You can close this page.
logout-kept = You are still signed in. You can close this page.

refused-title = Sign-in impossible
refused-text = The application that sent you here was not recognised. Nothing was passed on to it.

gone-title = Page expired
gone-text = This sign-in request is over. Go back to your application and start again.
