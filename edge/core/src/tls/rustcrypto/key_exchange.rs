//! Ephemeral Diffie-Hellman on X25519 (RFC 7748), P-256 and P-384 (SEC 1).

use curve25519_dalek::montgomery::MontgomeryPoint;
use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey,
    sec1::{FromSec1Point, ModulusSize, ToSec1Point},
};
use rustls::{
    Error, NamedGroup, PeerMisbehaved,
    crypto::{ActiveKeyExchange, SecureRandom as _, SharedSecret, SupportedKxGroup},
};
use rustls_rustcrypto::Provider;
use std::marker::PhantomData;

/// What is offered; a key of the first goes along with the offer.
pub const GROUPS: &[&dyn SupportedKxGroup] = &[
    &X25519,
    &NistCurve::<p256::NistP256>::named(NamedGroup::secp256r1),
    &NistCurve::<p384::NistP384>::named(NamedGroup::secp384r1),
];

#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = [0; 32];
        Provider.fill(&mut secret)?;
        Ok(Box::new(X25519Exchange {
            secret,
            public: MontgomeryPoint::mul_base_clamped(secret),
        }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Exchange {
    secret: [u8; 32],
    public: MontgomeryPoint,
}

impl ActiveKeyExchange for X25519Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = MontgomeryPoint(peer).mul_clamped(self.secret);
        // RFC 8446, 7.4.2: zeros come of a point of small order, whatever the secret is.
        if shared.as_bytes() == &[0; 32] {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(shared.as_bytes().as_slice().into())
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A curve of NIST's, with uncompressed points.
struct NistCurve<C> {
    name: NamedGroup,
    curve: PhantomData<fn() -> C>,
}

impl<C> NistCurve<C> {
    const fn named(name: NamedGroup) -> Self {
        Self {
            name,
            curve: PhantomData,
        }
    }
}

impl<C> std::fmt::Debug for NistCurve<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.name.fmt(f)
    }
}

impl<C> SupportedKxGroup for NistCurve<C>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        // Bytes that are zero or not below the curve's order are as good as never drawn.
        loop {
            let mut bytes = p256::elliptic_curve::FieldBytes::<C>::default();
            Provider.fill(&mut bytes)?;
            if let Ok(secret) = SecretKey::<C>::from_bytes(&bytes) {
                let public = secret.public_key().to_sec1_point(false).as_bytes().into();
                return Ok(Box::new(NistExchange {
                    group: self.name,
                    secret,
                    public,
                }));
            }
        }
    }

    fn name(&self) -> NamedGroup {
        self.name
    }
}

struct NistExchange<C: CurveArithmetic> {
    group: NamedGroup,
    secret: SecretKey<C>,
    public: Box<[u8]>,
}

impl<C> ActiveKeyExchange for NistExchange<C>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        Ok(self
            .secret
            .diffie_hellman(&peer)
            .raw_secret_bytes()
            .as_slice()
            .into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        self.group
    }
}
