// People of the realm, and their claims in the shape of Pro Santé Connect, quirks included.

/** Keycloak's user store in front of the identifier: the `sub` of Pro Santé Connect is not the identifier. */
const STORE = 'f:00000000-1111-4222-8333-444444444444:';

/** People who are known, by `sub`. */
const people = new Map();

/** Takes a person in, or renews them; returns their `sub`. `mode` is how they log in, CARD or MOBILE. */
export function arrive({ identifier, given = '', family = '' }, mode) {
  const sub = STORE + identifier;
  const known = people.get(sub);
  people.set(sub, { sub, identifier, given: given || known?.given || '', family: family || known?.family || '', mode });
  return sub;
}

/** The `sub` of somebody who is known. */
export function subject(identifier) {
  return people.has(STORE + identifier) ? STORE + identifier : undefined;
}

/** The account behind a `sub`, as oidc-provider wants it. */
export function account(sub) {
  const person = people.get(sub);
  return person && { accountId: sub, claims: async () => claims(person) };
}

function claims({ sub, identifier, given, family, mode }) {
  return {
    sub,
    SubjectNameID: identifier,
    preferred_username: identifier,
    given_name: given,
    family_name: family,
    codeCivilite: 'MME',
    codeGenreActivite: '',
    authMode: mode,
    Secteur_Activite: 'SA07^1.2.250.1.71.4.2.4',
    SubjectOrganization: `CABINET MME ${family}`,
    SubjectOrganizationID: 'R99901',
    SubjectRole: ['10^1.2.250.1.213.1.1.5.5'],
    Mode_Acces_Raison: '',
    Acces_Regulation_Medicale: 'FAUX',
    PSI_Locale: '1.2.250.1.213.1.3.1.1',
    UITVersion: '1.0',
    Palier_Authentification: 'APPPRIP3^1.2.250.1.213.1.5.1.1.1',
    otherIds: [{ identifiant: identifier, origine: 'RPPS', qualite: 1 }],
    SubjectRefPro: {
      exercices: [
        {
          codeProfession: '10',
          codeCategorieProfessionnelle: 'C',
          codeCiviliteDexercice: 'DR',
          nomDexercice: family,
          prenomDexercice: given,
          codeTypeSavoirFaire: 'S',
          codeSavoirFaire: 'SM54',
          activities: [{ codeModeExercice: 'L', codeSecteurDactivite: 'SA07', raisonSocialeSite: `CABINET MME ${family}` }],
        },
      ],
    },
  };
}

/** Claims by scope. Pro Santé Connect puts the first group into ID tokens too. */
export const scopes = {
  openid: ['sub', 'acr', 'sid', 'auth_time', 'iss', 'authMode', 'SubjectNameID', 'preferred_username', 'given_name', 'family_name'],
  scope_all: [
    'codeCivilite', 'codeGenreActivite', 'Secteur_Activite', 'SubjectOrganization', 'SubjectOrganizationID', 'SubjectRole',
    'Mode_Acces_Raison', 'Acces_Regulation_Medicale', 'PSI_Locale', 'UITVersion', 'Palier_Authentification', 'otherIds',
    'SubjectRefPro',
  ],
};
