use super::*;
use proptest::prelude::*;
use std::time::Duration;

/// Numbers that look random, the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    /// Around a figure: the sum of some is nearly normal, a quarter of the figure wide.
    fn around(&mut self, usual: u64) -> u64 {
        let sum: u64 = (0..4).map(|_| self.below(usual.max(4))).sum();
        usual / 2
            + sum / 4
            + if self.below(40) == 0 {
                usual * self.below(4)
            } else {
                0
            }
    }

    fn hex(&mut self, bytes: usize) -> String {
        hex::encode((0..bytes).map(|_| self.below(256) as u8).collect::<Vec<_>>())
    }
}

/// What a probe sends that checks so many monitors each minute.
fn batches(monitors: u64, count: u64, as_frames: bool) -> Vec<Signed> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let hosts: Vec<_> = (0..monitors)
        .map(|_| {
            let usual = [4_000, 9_000, 21_000, 40, 30_000, 900].map(|usual| noise.around(usual));
            (usual, noise.hex(32), noise.hex(32))
        })
        .collect();
    let probe = noise.hex(16);
    let mut prev: Option<String> = None;
    let mut batches = Vec::new();
    for seq in 1..=count {
        let minute_ms = 1_763_800_000_000 + seq * 60_000;
        let mut observations = Vec::new();
        for (index, (usual, body, certificate)) in hosts.iter().enumerate() {
            let slot_ms = minute_ms + index as u64 % 6 * 10_000;
            let phases = usual.map(|usual| noise.around(usual));
            let [dns, tcp, tls, request, ttfb, read] = phases;
            let total_us = phases.iter().sum::<u64>() + noise.around(150);
            let started_ms = slot_ms + noise.around(20);
            observations.push(format!(
                r#"{{"monitor":{index},"revision":1,"slot_ms":{slot_ms},"started_ms":{started_ms},"attempts":1,"outcome":{{"state":"up"}},"phases":{{"dns":{dns},"tcp":{tcp},"tls":{tls},"request":{request},"ttfb":{ttfb},"body":{read}}},"total_us":{total_us},"http":{{"status":200,"protocol":"HTTP/1.1","body_bytes":{},"body_sha256":"{body}"}},"address":"192.0.2.{index}","certificate":{{"fingerprint":"{certificate}","subject":"www{index}.example.org","issuer":"Example Authority R3","names":["example{index}.org","www{index}.example.org"],"not_before_ms":{},"not_after_ms":{},"tls_version":"TLSv1.3","cipher_suite":"TLS13_AES_128_GCM_SHA256","key_algorithm":"EC P-256","signature_algorithm":"ECDSA SHA-384"}}}}"#,
                5_000 + 13 * index,
                1_760_000_000_000 + index * 1000,
                1_767_776_000_000 + index * 1000,
            ));
        }
        let json = format!(
            r#"{{"version":"1.0","probe":"{probe}","region":"weur","place":{{"colo":"FRA","country":"DE"}},"software":"edgewatch-cloudflare/0.1.0","seq":{seq},"prev":{},"sealed_at_ms":{},"dropped":0,"observations":[{}]}}"#,
            prev.as_ref()
                .map_or("null".to_owned(), |prev| format!(r#""{prev}""#)),
            minute_ms + 60_000 + noise.around(400),
            observations.join(",")
        );
        let bytes = if as_frames {
            zstd::bulk::compress(json.as_bytes(), 1).unwrap()
        } else {
            json.into_bytes()
        };
        let digest = Sha256::digest(&bytes).to_vec();
        prev = Some(hex::encode(&digest));
        let created = minute_ms / 1000 + 61;
        let nonce = noise.hex(16);
        let signature: Vec<u8> = (0..64).map(|_| noise.below(256) as u8).collect();
        batches.push(Signed {
            bytes,
            digest,
            signature_input: format!(
                r#"sig=("@method" "@authority" "@path" "@query" "content-type" "content-digest");created={created};expires={};nonce="{nonce}";alg="ed25519";keyid="{probe}";tag="edgewatch-probe""#,
                created + 300
            ),
            signature: format!("sig=:{}:", STANDARD.encode(signature)),
            authority: "watch.example.org".to_owned(),
        });
    }
    batches
}

fn bytes_each(monitors: u64, count: u64) -> f64 {
    let batches = batches(monitors, count, false);
    let pack = pack(&batches).unwrap();
    assert_eq!(unpack(&pack).unwrap(), batches);
    pack.len() as f64 / (monitors * count) as f64
}

#[test]
fn an_observation_takes_hardly_more_than_its_times() {
    // The times of an observation are eleven bytes of noise, and a batch has eighty of signature and nonce.
    let few = bytes_each(10, 256);
    assert!(few < 20.5, "{few}");
    let many = bytes_each(100, 50);
    assert!(many < 14.5, "{many}");
}

#[test]
fn frames_come_out_as_they_were_signed() {
    let batches = batches(5, 9, true);
    let bytes: usize = batches.iter().map(|batch| batch.bytes.len()).sum();
    let pack = pack(&batches).unwrap();
    assert_eq!(unpack(&pack).unwrap(), batches);
    assert!(pack.len() < bytes + 9 * 160, "{} of {bytes}", pack.len());
}

#[test]
fn what_is_like_no_batch_comes_out_the_same() {
    let odd = |bytes: &[u8], digest: &[u8], field: &str| Signed {
        bytes: bytes.to_vec(),
        digest: digest.to_vec(),
        signature_input: field.to_owned(),
        signature: field.to_owned(),
        authority: field.to_owned(),
    };
    let whole = "0".repeat(40);
    let batches = [
        odd(b"", b"", ""),
        odd(b"\0\x01\x02\x03\x80\x83\xff", b"another", "\0\u{1}"),
        odd(
            br#"{"a":-1,"b":007,"c":1.5,"d":1e5,"e":0,"f":999999999999999999,"g":1000000000000000000}"#,
            &[7; 32],
            "created=9;",
        ),
        odd(
            format!(r#"{{"a":"{whole}","b":"{whole}","c":"ABCDEF","monitor":5,"monitor":5"#).as_bytes(),
            b"",
            "sig=:AA==:",
        ),
        odd(b":5", b"", "sig=::"),
        odd(b"\x28\xb5\x2f\xfd", b"", "5"),
    ];
    assert_eq!(unpack(&pack(&batches).unwrap()).unwrap(), batches);
    assert_eq!(unpack(&pack(&[]).unwrap()).unwrap(), []);
}

#[test]
fn a_pack_of_long_ago_is_read() {
    // What lies in databases: if this fails, another form is to be written under another number, and this one still read.
    let stored = include_bytes!("form_1.pack");
    assert!(unpack(stored).unwrap() == batches(2, 40, false));
}

#[test]
fn a_pack_that_is_torn_or_altered_is_none() {
    let whole = pack(&batches(3, 4, false)).unwrap();
    for end in 0..whole.len() {
        assert!(unpack(&whole[..end]).is_err(), "{end}");
    }
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        assert!(unpack(&altered).is_err(), "{at}");
    }
    assert!(unpack(&whole).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_put_in_comes_out(texts in prop::collection::vec(
        (r#"(("[a-z_]{0,3}"[:=])?(-?[0-9]{0,20}|"[0-9a-f]{30,70}"|[ -~]{0,5}|\PC)[,;}]?){0,30}"#, prop::collection::vec(any::<u8>(), 0..40)), 0..6))
    {
        let batches: Vec<_> = texts.into_iter().map(|(text, digest)| Signed {
            bytes: text.clone().into_bytes(),
            digest,
            signature_input: text.clone(),
            signature: text.clone(),
            authority: text,
        }).collect();
        prop_assert_eq!(unpack(&pack(&batches).unwrap()).unwrap(), batches);
    }
}

/// Processor time of this thread, as Linux counts it: what else runs meanwhile is not in it.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn cost(work: impl Fn()) -> Duration {
    let begun = processor_time();
    work();
    processor_time().saturating_sub(begun)
}

/// Figures, on Linux; `--ignored --nocapture`, optimised.
#[test]
#[ignore = "it measures"]
fn what_packing_takes() {
    println!("{:<28}{:>10}{:>12}{:>12}", "", "bytes", "pack", "unpack");
    for (monitors, count, as_frames) in [
        (10, 60, false),
        (10, 256, false),
        (100, 50, false),
        (10, 256, true),
        (100, 50, true),
    ] {
        let batches = batches(monitors, count, as_frames);
        let observations = (monitors * count) as f64;
        let pack = pack(&batches).unwrap();
        let packed = cost(|| assert_eq!(super::pack(&batches).unwrap().len(), pack.len()));
        let unpacked = cost(|| assert_eq!(unpack(&pack).unwrap().len(), batches.len()));
        let each = |time: Duration| time.as_secs_f64() * 1e6 / observations;
        let kind = if as_frames { "frames" } else { "JSON" };
        println!(
            "{:<28}{:>10.1}{:>9.1} us{:>9.1} us",
            format!("{count} x {monitors}, {kind}"),
            pack.len() as f64 / observations,
            each(packed),
            each(unpacked)
        );
    }
}

#[test]
fn of_very_many_words_some_share_a_column() {
    let fields: Vec<_> = (0..5_000).map(|word| format!(r#""word{word}":{word}"#)).collect();
    let mut batch = batches(1, 1, false).remove(0);
    batch.bytes = format!("{{{}}}", fields.join(",")).into_bytes();
    batch.digest = Sha256::digest(&batch.bytes).to_vec();
    let mut splitter = Splitter::default();
    splitter.put_text(&batch.bytes);
    assert!(splitter.numbers().0.len() <= 512);
    let signed = vec![batch];
    assert_eq!(unpack(&pack(&signed).unwrap()).unwrap(), signed);
}
