//! Failures that the command and the icon find by themselves, before the agent is asked or where it does not answer.

failures! {
    // The agent.
    AGENT_ABSENT = "agent_absent" 503 Person
        fr "L’agent CPS n’est pas démarré dans votre session."
           "Choisissez « Démarrer l’agent » dans le menu de l’icône CPS, ou exécutez « systemctl --user start cps-agent », puis réessayez."
        en "The CPS agent is not running in your session."
           "Choose “Start the agent” in the menu of the CPS icon, or run “systemctl --user start cps-agent”, then try again."
    AGENT_NOT_STARTED = "agent_not_started" 503 Administrator
        fr "L’agent CPS n’a pas pu être démarré."
           "Fermez votre session de travail, puis rouvrez-la. Si cela ne suffit pas, prévenez votre administrateur."
        en "The CPS agent could not be started."
           "Log out of the workstation and in again. If that does not help, tell your administrator."
    AGENT_LOST = "agent_lost" 503 Administrator
        fr "L’agent CPS a coupé la connexion, ou sa réponse est incompréhensible."
           "Réessayez. Si cela se répète, donnez son journal à votre administrateur (journalctl --user -u cps-agent)."
        en "The CPS agent broke the connection, or its answer makes no sense."
           "Try again. If it happens again, give its log to your administrator (journalctl --user -u cps-agent)."
    AGENT_NO_PLACE = "agent_no_place" 503 Administrator
        fr "Cette session de travail n’a pas d’emplacement pour l’agent CPS."
           "Ouvrez une session normale (XDG_RUNTIME_DIR), ou donnez l’adresse de l’agent avec --socket."
        en "This login session of the workstation has no place for the CPS agent."
           "Open an ordinary session (XDG_RUNTIME_DIR), or name the agent's address with --socket."
    AGENT_VERSION = "agent_version" 409 Administrator
        fr "Ce programme et l’agent CPS ne sont pas de la même version."
           "Fermez votre session de travail, puis rouvrez-la. Si cela ne suffit pas, demandez à votre administrateur de mettre les deux à jour."
        en "This program and the CPS agent are of different versions."
           "Log out of the workstation and in again. If that does not help, ask your administrator to update both."
    UNWELL = "unwell" 503 Person
        fr "Tout ne fonctionne pas (points à corriger : {count})."
           "Chaque point ci-dessus dit quoi faire."
        en "Not everything works (to be corrected: {count})."
           "Each point above says what to do."

    AGENT_SILENT = "agent_silent" 503 Person
        fr "L’agent CPS de ce poste ne répond plus."
           "Cette page reprend d’elle-même dès qu’il est de retour. S’il ne revient pas, choisissez « Démarrer l’agent » dans le menu de l’icône CPS."
        en "The CPS agent of this workstation does not answer any more."
           "This page goes on by itself as soon as it is back. If it does not come back, choose “Start the agent” in the menu of the CPS icon."
    PAGE_GONE = "page_gone" 410 Person
        fr "Cette page de l’agent est fermée."
           "Son lien sert une fois, pendant une minute ; elle se ferme avec la session, quand d’autres s’ouvrent, ou quand personne ne la regarde. Pour en ouvrir une autre, choisissez « Ouvrir la page de l’agent » dans le menu de l’icône CPS, ou tapez « cps open » dans un terminal."
        en "This page of the agent is closed."
           "Its link works once, within a minute; it closes with the session, when others are opened, or when nobody looks at it. To open another one, choose “Open the agent’s page” in the menu of the CPS icon, or type “cps open” in a terminal."

    // Pages.
    BROWSER_NOT_OPENED = "browser_not_opened" 503 Administrator
        fr "Le navigateur ne s’est pas ouvert."
           "Ouvrez vous-même cette adresse : {address}. Votre administrateur peut régler le navigateur de ce poste."
        en "The browser did not open."
           "Open this address yourself: {address}. Your administrator can set the browser of this workstation."
    NO_BROWSER = "no_browser" 503 Administrator
        fr "Le navigateur ne s’est pas ouvert."
           "Prévenez votre administrateur : aucun navigateur n’est réglé pour ce bureau."
        en "The browser did not open."
           "Tell your administrator: no browser is set for this desktop."
    SERVICE_UNKNOWN = "service_unknown" 404 Person
        fr "Le catalogue n’a pas de service « {id} »."
           "La commande « cps services » montre ceux qu’il a."
        en "The catalogue has no service “{id}”."
           "The command “cps services” shows those it has."

    // Files and other programs.
    FILE_UNREADABLE = "file_unreadable" 400 Person
        fr "Le fichier {file} ne peut pas être lu ({why})."
           "Vérifiez son nom et ses droits, puis relancez la commande."
        en "The file {file} cannot be read ({why})."
           "Check its name and its permissions, then run the command again."
    OUTPUT_UNWRITABLE = "output_unwritable" 500 Person
        fr "Le résultat ne peut pas être écrit ({why})."
           "Vérifiez l’endroit où la commande écrit, puis relancez-la."
        en "The result cannot be written ({why})."
           "Check where the command writes to, then run it again."
    COMMAND_NOT_STARTED = "command_not_started" 500 Administrator
        fr "La commande ne peut pas démarrer ({why})."
           "Fermez d’autres programmes, puis réessayez. Si cela se répète, prévenez votre administrateur."
        en "The command cannot start ({why})."
           "Close other programs and try again. If it happens again, tell your administrator."
    STORES_NEED_ROOT = "stores_need_root" 409 Administrator
        fr "Ces magasins de certificats restent à faire : {places}."
           "En tant que root : {command}"
        en "These certificate stores are left to do: {places}."
           "As root: {command}"
    STORES_NEED_CERTUTIL = "stores_need_certutil" 409 Administrator
        fr "Ces magasins de certificats restent à faire : {places}."
           "Installez certutil (paquet libnss3-tools), puis relancez la commande."
        en "These certificate stores are left to do: {places}."
           "Install certutil (package libnss3-tools), then run the command again."
    STORES_LEFT = "stores_left" 409 Person
        fr "Ces magasins de certificats restent à faire : {places}."
           "Fermez le navigateur, puis relancez la commande."
        en "These certificate stores are left to do: {places}."
           "Close the browser, then run the command again."
    PLACES_FAILED = "places_failed" 409 Person
        fr "Ces emplacements restent à faire : {places}."
           "Lisez ci-dessus ce qui est dit de chacun, puis relancez la commande."
        en "These places are left to do: {places}."
           "Read above what is said of each of them, then run the command again."
    PLACES_CHANGED = "places_changed" 409 Person
        fr "Ces emplacements ont été modifiés depuis leur écriture : {places}."
           "Supprimez ces fichiers à la main si personne n’en a besoin."
        en "These places were changed since they were written: {places}."
           "Delete these files by hand if nobody needs them."
    PLACES_FOREIGN = "places_foreign" 409 Person
        fr "Ces emplacements portent notre nom sans venir de cette commande : {places}."
           "Renommez ou supprimez ces fichiers, puis relancez la commande."
        en "These places have our name but are not of this command: {places}."
           "Rename or delete these files, then run the command again."
    MODULE_MISSING = "module_missing" 409 Administrator
        fr "Le module PKCS#11 n’est pas installé avec cette commande."
           "Réinstallez cps-agent, ou nommez le fichier du module avec --module."
        en "The PKCS#11 module is not installed with this command."
           "Install cps-agent again, or name the module's file with --module."
    MODULE_UNLOADABLE = "module_unloadable" 409 Administrator
        fr "Les programmes ne peuvent pas charger {file} : {why}."
           "Réinstallez cps-agent, ou nommez le fichier du module avec --module."
        en "Programs cannot load {file}: {why}."
           "Install cps-agent again, or name the module's file with --module."
    MODULE_PATH = "module_path" 409 Administrator
        fr "Les programmes ne peuvent pas charger {file} : {why}."
           "Installez-le dans un dossier au nom simple, puis relancez la commande."
        en "Programs cannot load {file}: {why}."
           "Install it in a folder with a plain name, then run the command again."
    MODULE_REPLACEABLE = "module_replaceable" 409 Administrator
        fr "{file} n’est pas inscrit pour tout le poste : {place} n’appartient pas à root seul."
           "Les programmes de tous exécuteraient ce que son propriétaire y met. Copiez cps et le module là où root seul peut écrire (/usr/local/bin, /usr/local/lib/pkcs11), ou inscrivez-le pour cette personne seule, sans root (root : --no-system)."
        en "{file} is not registered for everybody: {place} does not belong to root alone."
           "Everybody's programs would run what its owner puts there. Copy cps and the module where root alone may write (/usr/local/bin, /usr/local/lib/pkcs11), or register for this person alone, without root (root: --no-system)."
    RECORD_UNREADABLE = "record_unreadable" 409 Administrator
        fr "La liste de ce qui a été écrit ne peut pas être lue ({why})."
           "Sans elle, rien n’est écrit ni retiré. Réparez-la, ou supprimez-la pour repartir de zéro."
        en "The record of what was written cannot be read ({why})."
           "Without it nothing is written or taken away. Repair it, or delete it to begin anew."
    NO_HOME = "no_home" 400 Person
        fr "On ne sait pas de qui sont les programmes."
           "Définissez HOME, ou lancez la commande en tant que root pour tout le poste."
        en "It is not known whose programs are meant."
           "Set HOME, or run the command as root for the whole machine."
    HOME_OF_ANOTHER = "home_of_another" 409 Administrator
        fr "{folder} appartient à quelqu’un d’autre que root."
           "Pour cette personne, lancez la commande sans root ; pour tout le poste, sans --no-system."
        en "{folder} belongs to somebody else than root."
           "As that person, run the command without root; for the whole machine, without --no-system."
}
