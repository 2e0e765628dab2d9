//! What keeps the agent from starting: its settings, the files they name, and the places it needs.

failures! {
    CONFIG_UNREADABLE = "config_unreadable" 503 Administrator
        fr "Le fichier de configuration {file} ne peut pas être lu ({why})."
           "Vérifiez son nom et ses droits, puis redémarrez l’agent."
        en "The configuration file {file} cannot be read ({why})."
           "Check its name and its permissions, then start the agent again."
    CONFIG_SYNTAX = "config_syntax" 503 Administrator
        fr "Le fichier de configuration {file} n’est pas du TOML."
           "Corrigez sa ligne {line} ({why}), puis redémarrez l’agent."
        en "The configuration file {file} is not TOML."
           "Correct its line {line} ({why}), then start the agent again."
    CONFIG_UNKNOWN_KEY = "config_unknown_key" 503 Administrator
        fr "Le réglage {name} n’existe pas ({origin})."
           "Corrigez son nom ou retirez-le. Le nom le plus proche : {suggestion}."
        en "There is no setting {name} ({origin})."
           "Correct its name or take it out. The nearest name: {suggestion}."
    CONFIG_POLICY_ONLY = "config_policy_only" 503 Administrator
        fr "Le réglage {name} n’est admis que dans le fichier de l’administrateur ({origin})."
           "Retirez-le d’ici. L’administrateur peut le mettre dans /etc/cps-agent/config.toml."
        en "The setting {name} can only be set in the administrator's file ({origin})."
           "Take it out here. The administrator can put it into /etc/cps-agent/config.toml."
    CONFIG_VALUE = "config_value" 503 Administrator
        fr "La valeur du réglage {name} ne convient pas ({origin})."
           "Valeur attendue : {expected}."
        en "The value of the setting {name} is not right ({origin})."
           "Expected: {expected}."
    CONFIG_MISSING = "config_missing" 503 Administrator
        fr "Le réglage {name} manque."
           "Ajoutez-le : {why}."
        en "The setting {name} is missing."
           "Add it: {why}."
    CONFIG_CONFLICT = "config_conflict" 503 Administrator
        fr "Le réglage {name} ne va pas avec les autres ({origin})."
           "Changez l’un ou l’autre : {name} {why}."
        en "The setting {name} does not go with the others ({origin})."
           "Change one or the other: {name} {why}."
    CONFIG_FILE = "config_file" 503 Administrator
        fr "Un fichier que la configuration nomme ne peut pas servir."
           "Corrigez-le, puis redémarrez l’agent : {why}."
        en "A file that the configuration names cannot be used."
           "Correct it, then start the agent again: {why}."
    NO_PLACE_FOR_FILES = "no_place_for_files" 503 Administrator
        fr "L’agent n’a pas d’emplacement pour ses fichiers : la variable {variable} manque."
           "Ouvrez une session de travail normale, ou donnez une valeur à {variable}."
        en "The agent has no place for its files: the variable {variable} is missing."
           "Open an ordinary session of the workstation, or set {variable}."
    AGENT_RUNNING = "agent_running" 409 Administrator
        fr "Un agent CPS de ce compte fonctionne déjà, dans cette session ou dans une autre."
           "S’il est dans cette session, rien à faire : un seul suffit. S’il est dans une autre, fermez celle-là. Pour le redémarrer : « systemctl --user restart cps-agent »."
        en "A CPS agent of this account is already running, in this session or in another one."
           "If it is in this session, there is nothing to do: one is enough. If it is in another one, close that one. To restart it: “systemctl --user restart cps-agent”."
}
