//! Sending: over HTTP and by mail. Addresses are secrets and stay out of what is said about failures.

use std::time::Duration;

use baton_project::Email;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use super::channel::Delivery;
use super::message::shortened;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Seconds after which what failed is tried again; after the last one it is given up.
const AGAIN: [u64; 5] = [1, 10, 60, 600, 3600];

/// The longest wait that a receiver may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Characters of an answer that are kept.
const LONGEST_ANSWER: usize = 300;

/// Why something could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What went wrong, without the address.
    pub(crate) message: String,
    /// Whether another try can help.
    pub(crate) is_passing: bool,
    /// When the receiver wants to be asked again.
    pub(crate) wait: Option<Duration>,
}

impl Trouble {
    /// One that stays.
    pub(crate) fn lasting(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_passing: false,
            wait: None,
        }
    }

    fn passing(message: impl Into<String>) -> Self {
        Self {
            is_passing: true,
            ..Self::lasting(message)
        }
    }
}

/// After how long to try again what has failed for the `tries`-th time; none to give up.
pub(crate) fn next_try(tries: u32, trouble: &Trouble) -> Option<Duration> {
    if !trouble.is_passing {
        return None;
    }
    let place = usize::try_from(tries.saturating_sub(1)).ok()?;
    let own = Duration::from_secs(*AGAIN.get(place)?);
    let asked = trouble.wait.unwrap_or_default().min(LONGEST_WAIT);
    Some(own.max(asked))
}

/// Sends to other systems.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    client: Client,
}

impl Outgoing {
    /// A sender; nothing is opened before something is sent.
    pub(crate) fn new() -> Result<Self, Trouble> {
        // Somebody else may have chosen one already; then theirs is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(PATIENCE)
            // Another address is not the one that somebody has chosen.
            .redirect(Policy::none())
            .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")))
            .build();
        match client {
            Ok(client) => Ok(Self { client }),
            Err(error) => Err(Trouble::lasting(told(error))),
        }
    }

    /// Sends a message.
    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<(), Trouble> {
        match delivery {
            Delivery::Post {
                url,
                authorization,
                body,
            } => {
                let headers: Vec<_> = authorization
                    .iter()
                    .map(|value| (AUTHORIZATION, value.reveal()))
                    .collect();
                self.post(url.reveal(), &headers, body.to_string().into_bytes())
                    .await
            }
            Delivery::Mail { by, subject, text } => mail(&by, subject, text).await,
        }
    }

    /// Posts JSON.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(HeaderName, &str)],
        body: Vec<u8>,
    ) -> Result<(), Trouble> {
        let url: Url = match url.parse() {
            Ok(url) => url,
            Err(_) => return Err(Trouble::lasting("the address is no URL")),
        };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, *value)
        });
        let answer = match request.body(body).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let is_ours = error.is_builder();
                return Err(Trouble {
                    is_passing: !is_ours,
                    ..Trouble::lasting(told(error))
                });
            }
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let wait = answer.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let said = answer.text().await.unwrap_or_default();
        let said = shortened(said.trim(), LONGEST_ANSWER);
        let said = if said.is_empty() {
            said
        } else {
            format!(": {said}")
        };
        let code = status.as_u16();
        Err(Trouble {
            message: format!("the receiver answered {code}{said}"),
            is_passing: status.is_server_error()
                || matches!(
                    status,
                    StatusCode::REQUEST_TIMEOUT
                        | StatusCode::TOO_EARLY
                        | StatusCode::TOO_MANY_REQUESTS
                ),
            wait: wait.map(Duration::from_secs),
        })
    }
}

/// What an error says, with its causes but without the address.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        said.push_str(": ");
        said.push_str(&next.to_string());
        cause = next.source();
    }
    said
}

async fn mail(by: &Email, subject: String, text: String) -> Result<(), Trouble> {
    let letter = letter(by, &subject, text)?;
    let tls = || {
        let made = TlsParameters::new_rustls(by.host.clone());
        made.map_err(|error| Trouble::lasting(format!("no encryption: {error}")))
    };
    let tls = if by.ssl {
        Tls::Wrapper(tls()?)
    } else if by.starttls {
        Tls::Required(tls()?)
    } else {
        Tls::None
    };
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(by.host.as_str())
        .port(by.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let (Some(user), Some(password)) = (&by.user, &by.password) {
        let known = Credentials::new(user.clone(), password.reveal().to_owned());
        server = server.credentials(known);
    }
    let sent = tokio::time::timeout(PATIENCE, server.build().send(letter)).await;
    match sent {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Trouble {
            is_passing: !error.is_permanent(),
            ..Trouble::lasting(format!("the mail server: {error}"))
        }),
        Err(_) => Err(Trouble::passing("the mail server did not answer in time")),
    }
}

fn letter(by: &Email, subject: &str, text: String) -> Result<lettre::Message, Trouble> {
    let mailbox = |text: &str| -> Result<Mailbox, Trouble> {
        let parsed = text.trim().parse::<Mailbox>();
        // What is no mailbox may still be a plain address.
        let parsed = parsed.or_else(|_| text.trim().parse::<Address>().map(Mailbox::from));
        parsed.map_err(|_| Trouble::lasting(format!("`{text}` is no mail address")))
    };
    let mut letter = MessageBuilder::new()
        .from(mailbox(&by.from)?)
        // One line, whatever a template put into it.
        .subject(subject.replace(['\r', '\n'], " "))
        .header(ContentType::TEXT_PLAIN);
    for to in &by.to {
        letter = letter.to(mailbox(to)?);
    }
    letter
        .body(text)
        .map_err(|error| Trouble::lasting(format!("the mail could not be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_for_more_than_an_hour() {
        let passing = Trouble::passing("x");
        let waits: Vec<_> = (1..8)
            .map_while(|tries| next_try(tries, &passing))
            .collect();
        let seconds: Vec<u64> = waits.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, AGAIN);
        assert_eq!(next_try(1, &Trouble::lasting("x")), None);
        let asked = Trouble {
            wait: Some(Duration::from_secs(30)),
            ..passing
        };
        assert_eq!(next_try(1, &asked), Some(Duration::from_secs(30)));
        assert_eq!(next_try(4, &asked), Some(Duration::from_secs(600)));
    }

    #[test]
    fn mails_have_one_line_of_subject_and_real_addresses() {
        let mut by = Email {
            host: "mail.example".to_owned(),
            port: 25,
            starttls: false,
            ssl: false,
            from: "Baton <baton@mail.example>".to_owned(),
            user: None,
            password: None,
            to: vec!["ops@mail.example".to_owned()],
        };
        let made = letter(&by, "one\nBcc: evil@x", "größe".to_owned()).unwrap();
        let text = String::from_utf8(made.formatted()).unwrap();
        assert!(text.contains("Subject: one Bcc: evil@x\r\n"), "{text}");
        by.to = vec!["nobody".to_owned()];
        let error = letter(&by, "", String::new()).unwrap_err();
        assert_eq!(error.message, "`nobody` is no mail address");
    }
}
