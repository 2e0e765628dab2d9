//! Everything about PC/SC that needs `unsafe`, and nothing that does not.
//!
//! Two things: on Linux, finding `libpcsclite.so.1` while the program runs, so that its absence is a state and not a
//! failed start; and on every system, a transaction that is a state of a connection instead of a borrow of it.
#![allow(unsafe_code, reason = "foreign functions and one self-reference; each block says why it is sound")]

use ::pcsc::{Card, Disposition, Error, Protocols, ShareMode, Transaction};
use std::ptr::NonNull;

/// A connected card with at most one open transaction.
///
/// `pcsc::Transaction` borrows its card, which suits a function body. Here a transaction begins in one call and ends in
/// another, so card and transaction live side by side: while a transaction is open the card is reached through it alone.
pub(super) struct HeldCard {
    /// Borrows `*card`. Always taken out before `card` is used directly or freed.
    transaction: Option<Transaction<'static>>,
    /// Owned; made by `Box` and given back to one in `drop`.
    card: NonNull<Card>,
}

// SAFETY: `Card` and `Transaction` are both `Send`, and the pointer is the only way to the card: it is owned, not shared.
unsafe impl Send for HeldCard {}

impl HeldCard {
    pub(super) fn new(card: Card) -> Self {
        Self { transaction: None, card: NonNull::from(Box::leak(Box::new(card))) }
    }

    /// Begins a transaction; does nothing when one is open.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if self.transaction.is_none() {
            // SAFETY: the card is alive until `drop`, which ends the transaction first, so the borrow may be called
            // static. No transaction is open, hence no other reference to the card exists, and as long as this one
            // does every method goes through it.
            let card: &'static mut Card = unsafe { self.card.as_mut() };
            self.transaction = Some(card.transaction()?);
        }
        Ok(())
    }

    /// Ends the transaction; does nothing when none is open. It is over in any case.
    pub(super) fn end(&mut self, disposition: Disposition) -> Result<(), Error> {
        match self.transaction.take() {
            // A transaction that cannot be ended is dropped here, which tries once more.
            Some(transaction) => transaction.end(disposition).map_err(|(_, error)| error),
            None => Ok(()),
        }
    }

    /// Ends the transaction, if any, and joins the card again.
    pub(super) fn reconnect(
        &mut self,
        protocols: Protocols,
        initialization: Disposition,
    ) -> Result<(), Error> {
        self.transaction = None;
        // SAFETY: the card is alive, and with the transaction gone this is the only reference to it.
        unsafe { self.card.as_mut() }.reconnect(ShareMode::Shared, protocols, initialization)
    }
}

/// The card, through its transaction while there is one.
impl std::ops::Deref for HeldCard {
    type Target = Card;

    fn deref(&self) -> &Card {
        match &self.transaction {
            Some(transaction) => transaction,
            // SAFETY: the card is alive, no transaction borrows it, and methods that change it take `&mut self`.
            None => unsafe { self.card.as_ref() },
        }
    }
}

/// Leaves the card as it is: a PIN verified for somebody else's session is not ours to forget.
impl Drop for HeldCard {
    fn drop(&mut self) {
        self.transaction = None;
        // SAFETY: the pointer came out of a `Box` in `new`, is freed here and nowhere else, and nothing borrows it now.
        let card = unsafe { Box::from_raw(self.card.as_ptr()) };
        // An error means that the connection is gone already.
        let _ = card.disconnect(Disposition::LeaveCard);
    }
}

/// The symbols that `pcsc` links to, forwarded to `libpcsclite.so.1` from the moment one of them is called.
///
/// The build configuration takes the place of the build script of `pcsc-sys`, so nothing else defines them.
#[cfg(target_os = "linux")]
#[allow(non_snake_case, non_upper_case_globals, reason = "the names are those of the PC/SC interface")]
mod symbols {
    use libloading::Library;
    use pcsc_sys::{
        DWORD, LONG, SCARD_E_NO_SERVICE, SCARD_IO_REQUEST, SCARD_PROTOCOL_RAW, SCARD_PROTOCOL_T0,
        SCARD_PROTOCOL_T1, SCARD_READERSTATE, SCARDCONTEXT, SCARDHANDLE,
    };
    use std::ffi::{c_char, c_void};
    use std::sync::OnceLock;

    /// The library, looked for once. When it is installed later, the agent has to be started again.
    fn library() -> Option<&'static Library> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        // SAFETY: loading runs the initialisers of the system's own PC/SC client library, which the program would have
        // run at its start if it were linked to it.
        LIBRARY.get_or_init(|| unsafe { Library::new("libpcsclite.so.1") }.ok()).as_ref()
    }

    /// Defines each function as a call of its namesake in the library, or as the answer that there is no service.
    macro_rules! forward {
        ($(fn $name:ident($($argument:ident: $kind:ty),* $(,)?);)+) => {$(
            /// # Safety
            /// As the function of the same name in `winscard.h` of pcsc-lite.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $kind),*) -> LONG {
                type Function = unsafe extern "C" fn($($kind),*) -> LONG;
                static FOUND: OnceLock<Option<Function>> = OnceLock::new();
                let found = FOUND.get_or_init(|| {
                    // SAFETY: the signature is that of `winscard.h`, as pcsc-sys declares it, and the library is never
                    // unloaded, so the pointer stays good after the symbol's borrow ends.
                    unsafe { library()?.get::<Function>(stringify!($name)) }.ok().map(|symbol| *symbol)
                });
                match found {
                    // SAFETY: the arguments are passed on untouched; the caller answers for them.
                    Some(function) => unsafe { function($($argument),*) },
                    None => SCARD_E_NO_SERVICE,
                }
            }
        )+};
    }

    forward! {
        fn SCardEstablishContext(
            scope: DWORD, reserved1: *const c_void, reserved2: *const c_void, context: *mut SCARDCONTEXT,
        );
        fn SCardReleaseContext(context: SCARDCONTEXT);
        fn SCardIsValidContext(context: SCARDCONTEXT);
        fn SCardCancel(context: SCARDCONTEXT);
        fn SCardListReaders(
            context: SCARDCONTEXT, groups: *const c_char, readers: *mut c_char, length: *mut DWORD,
        );
        fn SCardGetStatusChange(
            context: SCARDCONTEXT, timeout: DWORD, states: *mut SCARD_READERSTATE, count: DWORD,
        );
        fn SCardConnect(
            context: SCARDCONTEXT, reader: *const c_char, share: DWORD, protocols: DWORD,
            card: *mut SCARDHANDLE, protocol: *mut DWORD,
        );
        fn SCardReconnect(
            card: SCARDHANDLE, share: DWORD, protocols: DWORD, initialization: DWORD, protocol: *mut DWORD,
        );
        fn SCardDisconnect(card: SCARDHANDLE, disposition: DWORD);
        fn SCardBeginTransaction(card: SCARDHANDLE);
        fn SCardEndTransaction(card: SCARDHANDLE, disposition: DWORD);
        fn SCardStatus(
            card: SCARDHANDLE, readers: *mut c_char, readers_length: *mut DWORD, state: *mut DWORD,
            protocol: *mut DWORD, atr: *mut u8, atr_length: *mut DWORD,
        );
        fn SCardTransmit(
            card: SCARDHANDLE, send_pci: *const SCARD_IO_REQUEST, command: *const u8, command_length: DWORD,
            receive_pci: *mut SCARD_IO_REQUEST, response: *mut u8, response_length: *mut DWORD,
        );
        fn SCardControl(
            card: SCARDHANDLE, code: DWORD, data: *const u8, data_length: DWORD,
            answer: *mut u8, answer_size: DWORD, answer_length: *mut DWORD,
        );
        fn SCardGetAttrib(card: SCARDHANDLE, attribute: DWORD, value: *mut u8, length: *mut DWORD);
        fn SCardSetAttrib(card: SCARDHANDLE, attribute: DWORD, value: *const u8, length: DWORD);
    }

    /// Protocol control information holds nothing but the protocol and its own size, so ours are as good as the library's.
    const fn pci(protocol: DWORD) -> SCARD_IO_REQUEST {
        SCARD_IO_REQUEST { dwProtocol: protocol, cbPciLength: size_of::<SCARD_IO_REQUEST>() as DWORD }
    }

    #[unsafe(no_mangle)]
    static g_rgSCardT0Pci: SCARD_IO_REQUEST = pci(SCARD_PROTOCOL_T0);
    #[unsafe(no_mangle)]
    static g_rgSCardT1Pci: SCARD_IO_REQUEST = pci(SCARD_PROTOCOL_T1);
    #[unsafe(no_mangle)]
    static g_rgSCardRawPci: SCARD_IO_REQUEST = pci(SCARD_PROTOCOL_RAW);
}
