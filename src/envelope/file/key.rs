//! The key of a file, and what is derived from it.
//!
//! ```text
//! body key             = HKDF-Expand(file key, Label::AtRest(AtRest::FileBody), 32)
//! MAC key(32) ‖ mask(8) = HKDF-Expand(file key, Label::AtRest(AtRest::FileHeader) ‖ file id, 40)
//! file key of a derivative = HKDF-Expand(file key, Label::AtRest(AtRest::FileDerivative) ‖ kind(1) ‖ index(4), 32)
//! ```
//!
//! Never used itself. Whoever has a derivative's key, which is a file key, has nothing of the original's.

use rand_core::TryCryptoRng;

use super::{FileId, FileInfo, body};
use crate::envelope::context::DataContext;
use crate::envelope::padding::Padding;
use crate::label::{AtRest, Label};
use crate::primitives::aead::{HEADER_LEN, Keys, SALT_LEN, Unauthentic};
use crate::primitives::kdf::expand;
use crate::secret::{RandomnessFailed, Secret, Transient};

/// The key of one file, to be wrapped by a [`WrappedKey`](crate::WrappedKey).
#[derive(Debug)]
pub struct FileKey(Secret<32>);

impl FileKey {
    /// A new one. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self)
    }

    /// The one that was unwrapped.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key, to wrap.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The file key of something that was made from this file. It tells nothing of this key, nor of other derivatives': a service that
    /// shows thumbnails is given the thumbnail's.
    #[must_use]
    pub fn derivative(&self, derivative: Derivative) -> Self {
        let Derivative { kind, index } = derivative;
        let (label, index) = (Label::AtRest(AtRest::FileDerivative), index.to_be_bytes());
        Self(self.derive(&[label.bytes(), &[kind.byte()], &index]).store())
    }

    /// For the header's MAC, and what its length is hidden with.
    pub(super) fn header(&self, id: FileId) -> (Transient<32>, Transient<8>) {
        self.derive::<40>(&[Label::AtRest(AtRest::FileHeader).bytes(), &id.0]).split()
    }

    /// The keys of a new body.
    pub(super) fn new_body(
        &self,
        id: FileId,
        padding: Padding,
        context: &DataContext,
        salt: &[u8; SALT_LEN],
    ) -> Keys {
        let context = [body(padding), &id.0, context.as_bytes()];
        Keys::derive(self.body().expose(), salt, context)
    }

    /// The keys of a body, if it commits to them.
    pub(super) fn body_keys(
        &self,
        info: &FileInfo,
        context: &DataContext,
        header: &[u8; HEADER_LEN],
    ) -> Result<Keys, Unauthentic> {
        let context = [body(info.padding()), &info.id.0, context.as_bytes()];
        Keys::committed(self.body().expose(), header, context)
    }

    fn body(&self) -> Transient<32> {
        self.derive(&[Label::AtRest(AtRest::FileBody).bytes()])
    }

    fn derive<const N: usize>(&self, info: &[&[u8]]) -> Transient<N> {
        expand(self.0.expose(), info)
    }
}

/// Something that was made from a file: which of its kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Derivative {
    /// What it is.
    pub kind: DerivativeKind,
    /// Which of these: a size, a page.
    pub index: u32,
}

/// What was made from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DerivativeKind {
    /// A small picture.
    Thumbnail,
    /// A picture, page or clip to look at instead of the file.
    Preview,
    /// What is said in it.
    Transcript,
    /// The application's own: 0 to 127.
    Application(ApplicationKind),
}

impl DerivativeKind {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Thumbnail => 1,
            Self::Preview => 2,
            Self::Transcript => 3,
            Self::Application(ApplicationKind(number)) => number | APPLICATION,
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Thumbnail),
            2 => Some(Self::Preview),
            3 => Some(Self::Transcript),
            APPLICATION.. => Some(Self::Application(ApplicationKind(byte & !APPLICATION))),
            _ => None,
        }
    }

    /// The application's own kind of this number; `None` above 127.
    #[must_use]
    pub const fn application(number: u8) -> Option<Self> {
        if number < APPLICATION { Some(Self::Application(ApplicationKind(number))) } else { None }
    }
}

/// A number that the application gave to a kind of derivatives of its own, made by [`DerivativeKind::application`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApplicationKind(u8);

impl ApplicationKind {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

const APPLICATION: u8 = 0x80;
