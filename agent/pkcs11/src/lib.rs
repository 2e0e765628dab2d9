//! The card in every program: PKCS#11 entry points over the agent's control door.
