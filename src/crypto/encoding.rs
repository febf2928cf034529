//! base64url as JOSE writes it, base64 as headers write it, and hexadecimal.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// base64 with padding (RFC 4648 §4).
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// base64url without padding (RFC 7515 §2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the same to bytes that are being written, without a text in between.
pub fn put_base64url(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), false).unwrap_or_default();
    out.resize(start + length, 0);
    let place = out.get_mut(start..).unwrap_or_default();
    // There is room for all of it.
    let _ = URL_SAFE_NO_PAD.encode_slice(bytes, place);
}

/// Reads base64url without padding. `None` for padding, white space, a character outside the
/// alphabet, or trailing bits that are not zero: a value has one spelling, so that nobody makes a
/// second text of a token that was seen before.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_the_one_of_rfc_7515_appendix_c() {
        let bytes = [3, 236, 255, 224, 193];
        assert_eq!(base64url(&bytes), "A-z_4ME");
        let mut out = b"x".to_vec();
        put_base64url(&bytes, &mut out);
        assert_eq!(out, b"xA-z_4ME");
        assert_eq!(from_base64url("A-z_4ME").unwrap(), bytes);
    }

    #[test]
    fn base64_is_the_one_of_rfc_4648_section_10() {
        assert_eq!(base64(b"foob"), "Zm9vYg==");
        assert_eq!(base64(&[3, 236, 255, 224, 193]), "A+z/4ME=");
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        for bad in [
            "A-z_4MF",
            "A-z_4ME=",
            "A+z/4ME",
            "A-z_4ME\n",
            " A-z_4ME",
            "A-z_ 4ME",
            "A",
        ] {
            assert_eq!(from_base64url(bad), None, "{bad:?}");
        }
        assert_eq!(from_base64url(""), Some(Vec::new()));
    }

    #[test]
    fn hex_is_lower_case_and_two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
