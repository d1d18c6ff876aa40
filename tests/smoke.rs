use confidant::*;
fn addr(u: &str) -> Address {
    Address::new(Provider::new("x").unwrap(), UserId::new(u).unwrap(), DeviceId::new(1))
}
#[test]
fn smoke() {
    for suite in [Suite::X3dh, Suite::Pqxdh1024] {
        let rng = &mut getrandom::SysRng;
        let now = UnixTime::from_secs(1_790_000_000);
        let alice = Identity::generate(rng).unwrap();
        let bob = Identity::generate(rng).unwrap();
        let mut prekeys = PreKeyStore::generate(&bob, suite, now, rng).unwrap();
        let mut publication = prekeys.replenish(&bob, 10, now, rng).unwrap();
        let publication2 = Publication::decode(&publication.encode()).unwrap();
        assert!(publication == publication2);
        let bundle =
            PreKeyBundle::decode(&publication.next_bundle().encode()).unwrap().verify(now).unwrap();
        let ca = Context::new(addr("a"), addr("b")).policy(Policy::ClassicalAllowed);
        let cb = Context::new(addr("b"), addr("a")).policy(Policy::ClassicalAllowed);
        let mut a = Session::initiate(&alice, &bundle, &ca, rng).unwrap();
        let hello = a.encrypt(b"hello", rng).unwrap();
        let req = PreKeyMessage::decode(&hello).unwrap();
        let Accepted { session: mut b, received, used } =
            Session::accept(&bob, &mut prekeys, &req, &cb, now).unwrap();
        assert_eq!(received.plaintext.as_bytes(), b"hello");
        println!("{used:?} {a:?} {b:?} {prekeys:?}");
        for i in 0..50u32 {
            let m = b.encrypt(&i.to_be_bytes(), rng).unwrap();
            let late = b.encrypt(b"late", rng).unwrap();
            let m2 = b.encrypt(b"last", rng).unwrap();
            assert_eq!(a.decrypt(&m).unwrap().plaintext.as_bytes(), i.to_be_bytes());
            assert_eq!(a.decrypt(&m2).unwrap().number, 2);
            let m = a.encrypt(b"yes", rng).unwrap();
            b.decrypt(&m).unwrap();
            assert_eq!(a.decrypt(&late).unwrap().plaintext.as_bytes(), b"late");
            assert_eq!(a.decrypt(&late), Err(DecryptError::Duplicate));
            a = Session::restore(a.snapshot().expose(), a.epoch()).unwrap();
            b = Session::restore(b.snapshot().expose(), b.epoch()).unwrap();
        }
        let s = prekeys.snapshot();
        let p = PreKeyStore::restore(s.expose(), 0).unwrap();
        assert_eq!(p.snapshot().expose(), s.expose());
        assert_eq!(
            *a.exporter::<40>(b"l", b"c").unwrap().expose(),
            *b.exporter::<40>(b"l", b"c").unwrap().expose()
        );
    }
}
