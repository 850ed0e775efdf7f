//! Subscribing to a page, and what follows: plain forms that post back to where they are.

use super::frame::{Document, Frame, Head};
use crate::components::icon::Icon;
use edgewatch_client::{
    public_status::{PublicComponent, PublicPage},
    status_page::PageLanguage,
    subscriber::Channel,
};
use leptos::prelude::*;

/// What somebody has filled in.
#[derive(Clone, Debug)]
pub struct SubscribeForm {
    /// How to be told.
    pub channel: Channel,
    /// The address or URL.
    pub target: String,
    /// Numbers of components and groups.
    pub components: Vec<i32>,
    /// The message that says what is wrong with it, such as `subscribe-email-invalid`.
    pub problem: Option<&'static str>,
}

/// A subscription as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnSubscription {
    /// What it is known by in addresses.
    pub token: String,
    /// The address, or the URL's host.
    pub target: String,
    /// Numbers of components and groups.
    pub components: Vec<i32>,
    /// Its language.
    pub language: PageLanguage,
    /// It was saved just now.
    pub is_saved: bool,
}

/// The form; `channels` are those that there are.
pub fn subscribe_page(
    frame: &Frame<'_>,
    page: &PublicPage,
    components: &[PublicComponent],
    channels: &[Channel],
    form: &SubscribeForm,
) -> Document {
    let texts = frame.texts();
    let ways = channels
        .iter()
        .map(|&channel| {
            let current = (channel == form.channel).then_some("true");
            let word = channel_word(channel);
            let address = format!("/subscribe?channel={}", channel.as_str());
            html! { <a href=frame.link(&address) aria-current=current>{texts.say(word)}</a> }
        })
        .collect_view();
    let (label, kind, autocomplete) = match form.channel {
        Channel::Email => ("email-address", "email", "email"),
        Channel::Webhook => ("webhook-url", "url", "off"),
        Channel::Slack => ("slack-url", "url", "off"),
    };
    // Without a channel there is nothing to fill in, and so nothing is wrong; feeds there always are.
    let problem = form.problem.filter(|_| !channels.is_empty()).map(|key| {
        html! { <p class="problem" id="problem" role="alert">{Icon::Warning.view()} {texts.say(key)}</p> }
    });
    let fields = channels.contains(&form.channel).then(|| {
        html! {
            <input r#type="hidden" name="channel" value=form.channel.as_str() />
            <label for="target">{texts.say(label)}</label>
            <input
                id="target"
                name="target"
                r#type=kind
                required
                autocomplete=autocomplete
                value=form.target.clone()
                aria-invalid=form.problem.map(|_| "true")
                aria-describedby=form.problem.map(|_| "problem")
            />
        }
    });
    let send = fields.is_some().then(|| {
        html! {
            {choices(frame, components, &form.components)}
            <button class="press" r#type="submit">{texts.say("subscribe")}</button>
        }
    });
    let content = html! {
        <p>{texts.say("subscribe-hint")}</p>
        <nav class="ways" aria-label=texts.say("channel")>
            {ways}
            <a href=frame.link("/feed.atom")>"Atom"</a>
            <a href=frame.link("/feed.rss")>"RSS"</a>
            <a href=frame.link("/maintenance.ics")>{texts.say("calendar")}</a>
        </nav>
        {(!channels.is_empty()).then(|| html! {
            <form method="post" action=frame.link("/subscribe")>{fields} {problem} {send}</form>
        })}
    };
    let title = texts.tell("subscribe-title", [("page", page.title.as_str().into())]);
    card(frame, page, Icon::Bell, title, content)
}

/// A message was sent; or would have been, had it not been for a subscription that there is.
pub fn sent_page(frame: &Frame<'_>, page: &PublicPage) -> Document {
    told(
        frame,
        page,
        Icon::Bell,
        "sent-title",
        &frame.texts().say("sent-hint"),
    )
}

/// Asks whoever has followed the link to confirm: programs that look links up press no buttons.
pub fn confirm_page(frame: &Frame<'_>, page: &PublicPage, token: &str, target: &str) -> Document {
    let texts = frame.texts();
    let values = [("target", target.into()), ("page", page.title.as_str().into())];
    let hint = texts.tell("confirm-hint", values);
    let content = html! {
        <p>{hint}</p>
        <form method="post" action=frame.link("/subscribe/confirm")>
            <input r#type="hidden" name="token" value=token.to_owned() />
            <button class="press" r#type="submit">{texts.say("confirm")}</button>
        </form>
    };
    card(frame, page, Icon::Bell, texts.say("confirm-title"), content)
}

/// It has begun. `secret` is what messages to a webhook are signed with.
pub fn confirmed_page(
    frame: &Frame<'_>,
    page: &PublicPage,
    target: &str,
    token: &str,
    secret: Option<&str>,
) -> Document {
    let texts = frame.texts();
    let values = [("target", target.into()), ("page", page.title.as_str().into())];
    let hint = texts.tell("confirmed-hint", values);
    let secret = secret.map(|secret| {
        html! {
            <p>{texts.say("secret-hint")}</p>
            <p><code class="secret">{secret.to_owned()}</code></p>
        }
    });
    let content = html! {
        <p>{hint}</p>
        {secret}
        <p><a href=manage_link(frame, token)>{texts.say("manage-title")}</a></p>
    };
    card(frame, page, Icon::Check, texts.say("confirmed-title"), content)
}

/// What a subscription is for, and its end.
pub fn manage_page(
    frame: &Frame<'_>,
    page: &PublicPage,
    components: &[PublicComponent],
    own: &OwnSubscription,
) -> Document {
    let texts = frame.texts();
    let hint = texts.tell("manage-hint", [("target", own.target.as_str().into())]);
    let saved = own.is_saved.then(|| {
        html! { <p class="notice" role="status">{Icon::Check.view()} {texts.say("saved")}</p> }
    });
    let languages = PageLanguage::ALL
        .into_iter()
        .map(|language| {
            let tag = language.as_str();
            let selected = language == own.language;
            html! { <option value=tag lang=tag selected=selected>{super::frame::own_name(language)}</option> }
        })
        .collect_view();
    let content = html! {
        <p>{hint}</p>
        {saved}
        <form method="post" action=frame.link("/subscribe/manage")>
            <input r#type="hidden" name="token" value=own.token.clone() />
            {choices(frame, components, &own.components)}
            <label for="language">{texts.say("language")}</label>
            <select id="language" name="language">{languages}</select>
            <button class="press" r#type="submit">{texts.say("save")}</button>
        </form>
        <form method="post" action=frame.link("/subscribe/unsubscribe")>
            <input r#type="hidden" name="token" value=own.token.clone() />
            <button class="press press-quiet" r#type="submit">{texts.say("unsubscribe")}</button>
        </form>
    };
    card(frame, page, Icon::Bell, texts.say("manage-title"), content)
}

/// It is over.
pub fn ended_page(frame: &Frame<'_>, page: &PublicPage) -> Document {
    told(
        frame,
        page,
        Icon::Check,
        "ended-title",
        &frame.texts().say("ended-hint"),
    )
}

/// A link that is too old, or of another page, or of a subscription that has ended.
pub fn link_invalid_page(frame: &Frame<'_>, page: &PublicPage) -> Document {
    told(
        frame,
        page,
        Icon::Search,
        "link-invalid-title",
        &frame.texts().say("link-invalid-hint"),
    )
}

fn manage_link(frame: &Frame<'_>, token: &str) -> String {
    frame.link(&format!("/subscribe/manage?token={token}"))
}

fn channel_word(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "channel-email",
        Channel::Webhook => "channel-webhook",
        Channel::Slack => "channel-slack",
    }
}

fn choices(frame: &Frame<'_>, components: &[PublicComponent], chosen: &[i32]) -> Option<AnyView> {
    let texts = frame.texts();
    (!components.is_empty()).then(|| {
        html! {
            <fieldset>
                <legend>{texts.say("which-components")}</legend>
                <p class="hint" id="which-hint">{texts.say("which-components-hint")}</p>
                {boxes(components, chosen)}
            </fieldset>
        }
    })
}

fn boxes(components: &[PublicComponent], chosen: &[i32]) -> AnyView {
    let items = components
        .iter()
        .map(|component| {
            let id = component.id.to_string();
            let checked = chosen.contains(&component.id);
            let within = (!component.children.is_empty()).then(|| boxes(&component.children, chosen));
            html! {
                <li>
                    <label><input r#type="checkbox" name="component" value=id checked=checked aria-describedby="which-hint" /> {component.name.clone()}</label>
                    {within}
                </li>
            }
        })
        .collect_view();
    html! { <ul class="choices">{items}</ul> }
}

fn told(frame: &Frame<'_>, page: &PublicPage, icon: Icon, title: &str, hint: &str) -> Document {
    let back = frame.texts().say("back-to-status");
    let content = html! {
        <p>{hint.to_owned()}</p>
        <p><a href=frame.link("")>{back}</a></p>
    };
    card(frame, page, icon, frame.texts().say(title), content)
}

fn card(frame: &Frame<'_>, page: &PublicPage, icon: Icon, title: String, content: AnyView) -> Document {
    let head = Head {
        title: format!("{title}: {}", page.title),
        description: String::new(),
        page: Some(page),
        canonical: None,
    };
    let card = html! {
        <div class="column door subscribe">
            <div class="card">
                <h1>{icon.view()} {title}</h1>
                {content}
            </div>
        </div>
    };
    frame.document(head, card)
}
