//! What can be asked at the doors: one table of exact paths, methods and doors.
//!
//! Paths are compared as they came: nothing is decoded, joined or cut, so a path trick is simply an unknown path.

use super::desk::Door;

/// What a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/`.
    Home,
    /// Discovery document.
    Discovery,
    /// JWKS.
    Jwks,
    /// Authorization endpoint.
    Authorize,
    /// Token endpoint.
    Token,
    /// UserInfo endpoint.
    UserInfo,
    /// Introspection endpoint.
    Introspect,
    /// Revocation endpoint.
    Revoke,
    /// Pushed authorization requests.
    Push,
    /// Backchannel authentication endpoint.
    Backchannel,
    /// Logout endpoint.
    Logout,
    /// Page of a logout that the person confirms.
    LogoutPage,
    /// Page of a waiting login.
    LoginPage,
    /// What happens on it.
    LoginEvents,
    /// `/portal/open/{link}`.
    PortalOpening,
    /// `/portal/{page}`.
    PortalState,
    /// What happens on it.
    PortalEvents,
    /// `/portal/{page}/activity`.
    PortalActivity,
    /// `/portal/{page}/diagnosis`.
    PortalDiagnosis,
    /// `/portal/{page}/about`.
    PortalAbout,
    /// `/v1/portal`.
    Portal,
    /// OpenAPI document.
    OpenApi,
    /// `/v1/status`.
    Status,
    /// `/v1/readers`.
    Readers,
    /// `/v1/cards`.
    Cards,
    /// `/v1/cards/{serial}/certificates`.
    Certificates,
    /// `/v1/cards/{serial}/pin`.
    PinState,
    /// `/v1/cards/{serial}/pin/change`.
    ChangePin,
    /// `/v1/cards/{serial}/pin/unblock`.
    UnblockPin,
    /// `/v1/challenges`.
    Challenges,
    /// `/v1/session`.
    Session,
    /// `/v1/events`.
    Events,
    /// `/v1/login`.
    Login,
    /// `/v1/waiting`.
    Waiting,
    /// `/v1/services`.
    Services,
    /// `/v1/clients`.
    Clients,
    /// `/v1/clients/{id}`.
    Client,
    /// `/v1/tokens`.
    Tokens,
    /// `/v1/trust`.
    Trust,
    /// `/v1/diagnosis`.
    Diagnosis,
    /// `/v1/audit`.
    Audit,
    /// `/v1/pkcs11`.
    ModuleTokens,
    /// `/v1/pkcs11/sign`.
    ModuleSigns,
    /// `/v1/pkcs11/decrypt`.
    ModuleDeciphers,
}

/// Which doors have a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The bridge alone: browsers and OpenID Connect.
    Bridge,
    /// The control socket alone: administration.
    Control,
    /// Both.
    Both,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Path; a segment in braces stands for one value.
    pub path: &'static str,
    /// Methods, exactly these.
    pub methods: &'static [&'static str],
    /// Doors.
    pub at: At,
    /// Where it leads.
    pub endpoint: Endpoint,
}

const fn route(path: &'static str, methods: &'static [&'static str], at: At, endpoint: Endpoint) -> Route {
    Route { path, methods, at, endpoint }
}

const READ: &[&str] = &["GET", "HEAD"];
const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const GET_POST: &[&str] = &["GET", "POST"];

/// Every route. `HEAD` is there only where answering `GET` changes nothing.
pub static ROUTES: &[Route] = &[
    route("/", READ, At::Bridge, Endpoint::Home),
    route("/.well-known/openid-configuration", READ, At::Bridge, Endpoint::Discovery),
    route("/.well-known/wallet-openid-configuration", READ, At::Bridge, Endpoint::Discovery),
    route("/jwks", READ, At::Bridge, Endpoint::Jwks),
    route("/authorize", GET_POST, At::Bridge, Endpoint::Authorize),
    route("/token", POST, At::Bridge, Endpoint::Token),
    route("/userinfo", GET_POST, At::Bridge, Endpoint::UserInfo),
    route("/introspect", POST, At::Bridge, Endpoint::Introspect),
    route("/revoke", POST, At::Bridge, Endpoint::Revoke),
    route("/par", POST, At::Bridge, Endpoint::Push),
    route("/ciba", POST, At::Bridge, Endpoint::Backchannel),
    route("/logout", GET_POST, At::Bridge, Endpoint::Logout),
    route("/logout/{page}", GET_POST, At::Bridge, Endpoint::LogoutPage),
    route("/login/{transaction}", GET_POST, At::Bridge, Endpoint::LoginPage),
    route("/login/{transaction}/events", GET, At::Bridge, Endpoint::LoginEvents),
    route("/portal/open/{link}", GET, At::Bridge, Endpoint::PortalOpening),
    route("/portal/{page}", GET_POST, At::Bridge, Endpoint::PortalState),
    route("/portal/{page}/events", GET, At::Bridge, Endpoint::PortalEvents),
    route("/portal/{page}/activity", GET, At::Bridge, Endpoint::PortalActivity),
    route("/portal/{page}/diagnosis", GET, At::Bridge, Endpoint::PortalDiagnosis),
    route("/portal/{page}/about", GET, At::Bridge, Endpoint::PortalAbout),
    route("/openapi.json", READ, At::Both, Endpoint::OpenApi),
    route("/v1/status", READ, At::Both, Endpoint::Status),
    route("/v1/readers", READ, At::Both, Endpoint::Readers),
    route("/v1/cards", READ, At::Both, Endpoint::Cards),
    route("/v1/cards/{serial}/certificates", GET, At::Both, Endpoint::Certificates),
    route("/v1/cards/{serial}/pin", GET, At::Both, Endpoint::PinState),
    route("/v1/cards/{serial}/pin/change", POST, At::Control, Endpoint::ChangePin),
    route("/v1/cards/{serial}/pin/unblock", POST, At::Control, Endpoint::UnblockPin),
    route("/v1/challenges", POST, At::Both, Endpoint::Challenges),
    route("/v1/session", &["GET", "DELETE"], At::Both, Endpoint::Session),
    route("/v1/events", GET, At::Both, Endpoint::Events),
    route("/v1/login", GET_POST, At::Control, Endpoint::Login),
    route("/v1/waiting", GET, At::Control, Endpoint::Waiting),
    route("/v1/portal", POST, At::Control, Endpoint::Portal),
    route("/v1/services", READ, At::Both, Endpoint::Services),
    route("/v1/clients", GET_POST, At::Control, Endpoint::Clients),
    route("/v1/clients/{id}", &["DELETE"], At::Control, Endpoint::Client),
    route("/v1/tokens", GET_POST, At::Control, Endpoint::Tokens),
    route("/v1/trust", &["GET", "POST", "DELETE"], At::Control, Endpoint::Trust),
    route("/v1/diagnosis", GET, At::Control, Endpoint::Diagnosis),
    route("/v1/audit", GET, At::Control, Endpoint::Audit),
    route("/v1/pkcs11", GET, At::Control, Endpoint::ModuleTokens),
    route("/v1/pkcs11/sign", POST, At::Control, Endpoint::ModuleSigns),
    route("/v1/pkcs11/decrypt", POST, At::Control, Endpoint::ModuleDeciphers),
];

/// Longest value in a path.
const VALUE: usize = 128;

/// Finds the route of a path at a door, and the value in the path where it has one.
#[must_use]
pub fn find(door: Door, path: &str) -> Option<(&'static Route, &str)> {
    let open = |at| match at {
        At::Both => true,
        At::Bridge => door == Door::Bridge,
        At::Control => door == Door::Control,
    };
    ROUTES.iter().filter(|route| open(route.at)).find_map(|route| Some((route, matches(route.path, path)?)))
}

/// The value at the braces of `template`, empty where it has none; `None` when the path is another one.
fn matches<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = template.split_once('{') else {
        return (template == path).then_some("");
    };
    let (_, after) = rest.split_once('}')?;
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    // Unreserved characters of RFC 3986 §2.3 only: no slash, no escape, no parameter; and never a dot segment.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let usable =
        !value.is_empty() && value.len() <= VALUE && value.bytes().all(plain) && !value.starts_with('.');
    usable.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_trick_is_an_unknown_path() {
        for path in [
            "",
            "//",
            "/token/",
            "//token",
            "/./token",
            "/x/../token",
            "/%74oken",
            "/token;x",
            "/TOKEN",
            "/token%00",
            "/login/",
            "/login/..",
            "/login/.",
            "/login/a/b",
            "/login//events",
            "/login/events/",
            "/login/a/b/events",
            "/login/a/events/b",
            "/login/a%2Fb",
            "/login/a;b",
            "/v1/cards//pin",
            "/v1/cards/../pin",
            "/v1/cards/1/2/pin",
            "/v1/cards/pin",
            "*",
            "\\token",
        ] {
            assert!(find(Door::Bridge, path).is_none(), "{path}");
        }
    }

    #[test]
    fn administration_is_not_at_the_bridge() {
        for path in [
            "/v1/clients",
            "/v1/clients/dpi",
            "/v1/pkcs11",
            "/v1/pkcs11/sign",
            "/v1/tokens",
            "/v1/login",
            "/v1/cards/1/pin/change",
            "/v1/trust",
            "/v1/audit",
            "/v1/waiting",
            "/v1/portal",
        ] {
            assert!(find(Door::Bridge, path).is_none(), "{path}");
            assert!(find(Door::Control, path).is_some(), "{path}");
        }
    }

    #[test]
    fn openid_connect_is_not_at_the_control_door() {
        for path in ["/", "/authorize", "/token", "/userinfo", "/login/abc", "/portal/abc", "/jwks"] {
            assert!(find(Door::Control, path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_page_and_its_events_have_paths_of_their_own() {
        let found = |path| find(Door::Bridge, path).map(|(route, value)| (route.endpoint, value));
        assert_eq!(found("/login/t1"), Some((Endpoint::LoginPage, "t1")));
        assert_eq!(found("/login/t1/events"), Some((Endpoint::LoginEvents, "t1")));
        assert_eq!(found("/login/events"), Some((Endpoint::LoginPage, "events")));
    }

    #[test]
    fn a_value_is_taken_from_its_place() {
        let (route, serial) = find(Door::Bridge, "/v1/cards/00000042/pin").unwrap();
        assert_eq!((route.endpoint, serial), (Endpoint::PinState, "00000042"));
    }
}
