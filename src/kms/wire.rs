//! Checks on the traffic to KMS and SSM: the length of an answer, and whether the endpoint encrypts
//! it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use aws_sdk_kms::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_kms::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kms::error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::{LengthLimitError, Limited};
use zeroize::Zeroizing;

use crate::printable::Printable;

/// The maximum length of an answer, errors included. The longest answer of KMS is a plaintext of
/// 4,096 bytes in base64, with a ciphertext of 6,144. The longest of SSM is a value of 8,192
/// characters, each written as an escape of 6, with a name of 2,048.
pub(super) const ANSWER_MAX: usize = 64 * 1024;

/// An interceptor that stops reading an answer that is too long. It also warns once of an
/// unencrypted endpoint, before the first request is sent.
#[derive(Debug, Default)]
pub(super) struct Wire {
    warned: AtomicBool,
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "diesel-envelope"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(host) = plain_host(context.request().uri())
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(host = %Printable(&host), "the AWS endpoint is not HTTPS: keys cross the network unencrypted");
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let answer = std::mem::replace(body, SdkBody::taken());
        *body = bounded(answer);
        Ok(())
    }
}

/// Bounds the length of an answer, and the memory that it takes.
fn bounded(answer: SdkBody) -> SdkBody {
    SdkBody::from_body_1_x(OneFrame {
        answer: Limited::new(answer, ANSWER_MAX),
        data: Some(Zeroizing::new(Vec::with_capacity(ANSWER_MAX))),
    })
}

/// An answer in one frame, which is wiped.
///
/// A frame of hyper is a part of a read buffer, which can have 400 KiB. An answer in many small
/// frames would keep as many buffers.
struct OneFrame {
    answer: Limited<SdkBody>,
    data: Option<Zeroizing<Vec<u8>>>,
}

impl Body for OneFrame {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while let Some(frame) = ready!(Pin::new(&mut self.answer).poll_frame(context)?) {
            if let (Some(data), Some(part)) = (&mut self.data, frame.data_ref()) {
                data.extend_from_slice(part);
            }
        }
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(Bytes::from_owner(data)))))
    }
}

/// Returns whether the cause of an error is an answer that is too long.
pub(super) fn is_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.is::<LengthLimitError>())
}

/// Returns the host of an endpoint whose traffic can be read in transit. Credentials in the URL are
/// left out.
fn plain_host(uri: &str) -> Option<String> {
    let uri: http::Uri = uri.parse().ok()?;
    let host = uri.host().filter(|_| uri.scheme() == Some(&http::uri::Scheme::HTTP))?;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let loopback = host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address: IpAddr| address.is_loopback());
    (!loopback).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::{BodyExt, Full};

    use super::*;

    struct Buffer(Arc<[u8; 4096]>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &*self.0
        }
    }

    #[tokio::test]
    async fn a_small_frame_keeps_no_read_buffer() {
        let buffer = Arc::new([b' '; 4096]);
        let frame = Bytes::from_owner(Buffer(buffer.clone())).slice(..1);
        let answer = bounded(SdkBody::from_body_1_x(Full::new(frame))).collect().await.unwrap();
        assert_eq!(Arc::strong_count(&buffer), 1);
        assert_eq!(answer.to_bytes(), " ");
    }

    #[test]
    fn only_plain_http_to_another_machine_is_warned_of() {
        for safe in [
            "https://kms.eu-central-1.amazonaws.com/",
            "http://localhost:4566/",
            "http://LOCALHOST/",
            "http://127.0.0.1:5566/",
            "http://127.8.9.1/",
            "http://[::1]:5566/",
        ] {
            assert_eq!(plain_host(safe), None, "{safe}");
        }
        for (plain, host) in [
            ("http://kms.internal:8080/", "kms.internal"),
            ("http://bob:hunter2@kms.internal/", "kms.internal"),
            ("http://localhost.example/", "localhost.example"),
            ("http://10.0.0.1/", "10.0.0.1"),
            ("http://0.0.0.0:5566/", "0.0.0.0"),
            ("http://[fd00::1]/", "[fd00::1]"),
            ("HTTP://kms.internal/", "kms.internal"),
        ] {
            assert_eq!(plain_host(plain).as_deref(), Some(host), "{plain}");
        }
    }
}
