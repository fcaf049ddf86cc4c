#include "relay/page.h"

#include "nostr/nip19.h"
#include "relay/nips.h"

namespace pharos::relay {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#f7f6f2;--card:#fff;--text:#1c2430;--quiet:#5d6878;--line:#e2ded4;
  --light:#a34a08;--glow:#fde9c8}
@media(prefers-color-scheme:dark){:root{--ground:#0d141f;--card:#141d2b;--text:#e6ebf2;--quiet:#93a1b5;
  --line:#243044;--light:#f7b955;--glow:#2a2316}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);
  font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:44rem;margin:0 auto;padding:2.5rem 1.1rem 3rem}
header{display:flex;gap:1rem;align-items:center}
header img,header svg{width:4rem;height:4rem;flex:none;border-radius:1rem;object-fit:cover}
h1{margin:0;font-size:1.9rem;line-height:1.15;overflow-wrap:anywhere}
h2{margin:0 0 .7rem;font-size:.8rem;letter-spacing:.09em;text-transform:uppercase;color:var(--quiet)}
.lead{margin:.9rem 0 0;font-size:1.08rem;overflow-wrap:anywhere;white-space:pre-line}
.banner{width:100%;max-height:14rem;object-fit:cover;border-radius:1rem;margin-bottom:1.6rem}
section{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.15rem 1.25rem;
  margin-top:1.1rem}
.url{display:block;width:100%;font:600 1.05rem/1.4 ui-monospace,SFMono-Regular,Menlo,monospace;
  color:var(--light);background:var(--glow);border:0;border-radius:.6rem;padding:.7rem .9rem;margin:0 0 .5rem;
  user-select:all;overflow-wrap:anywhere}
.hint{margin:0;color:var(--quiet);font-size:.92rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.8rem;margin:0}
.figures div{display:flex;flex-direction:column-reverse}
.figures dd{margin:0;font-size:1.5rem;font-weight:650;font-variant-numeric:tabular-nums}
.figures dt{color:var(--quiet);font-size:.88rem}
.chips{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.45rem}
.chips a{display:block;padding:.2rem .65rem;border:1px solid var(--line);border-radius:1rem;color:inherit;
  text-decoration:none;font-variant-numeric:tabular-nums}
a{color:var(--light)}
.chips a:hover,.chips a:focus-visible{border-color:var(--light);color:var(--light)}
.facts{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.45rem 1.2rem;margin:0}
.facts dt{color:var(--quiet)}
.facts dd{margin:0;overflow-wrap:anywhere}
@media(max-width:30rem){main{padding-top:1.5rem}.facts{grid-template-columns:1fr;gap:.1rem}.facts dd{
  margin-bottom:.55rem}}
)css";

constexpr std::string_view kLighthouse =
    "<svg viewBox=\"0 0 64 64\" aria-hidden=\"true\"><rect width=\"64\" height=\"64\" rx=\"14\" fill=\"#12233a\"/>"
    "<path d=\"M34 21 62 11v20z\" fill=\"#f7b955\" opacity=\".55\"/><path d=\"M30 21 2 11v20z\" fill=\"#f7b955\" "
    "opacity=\".25\"/><path d=\"M27 27h10l4 29H23z\" fill=\"#f4f1ea\"/><path d=\"M26.200 33h11.600l.9 "
    "6.500H25.300zM24.500 "
    "45h15l.8 6H23.700z\" fill=\"#c2410c\"/><rect x=\"26\" y=\"17\" width=\"12\" height=\"8\" rx=\"1.500\" "
    "fill=\"#ffd98a\"/><path d=\"M25 17l7-6 7 6z\" fill=\"#c2410c\"/><rect x=\"24\" y=\"25\" width=\"16\" "
    "height=\"2.500\" "
    "fill=\"#c2410c\"/></svg>";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      case '\'':
        out.append("&#39;");
        break;
      default:
        out.push_back(c);
    }
  }
}

// Anything else, javascript: above all, is shown and not linked.
bool is_link(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://") || url.starts_with("mailto:");
}

bool is_image(std::string_view url) { return url.starts_with("https://"); }

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string span_of(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds >= 2 * 86'400) return std::to_string(seconds / 86'400) + " days";
  if (seconds >= 2 * 3'600) return std::to_string(seconds / 3'600) + " hours";
  if (seconds >= 2 * 60) return std::to_string(seconds / 60) + " minutes";
  return std::to_string(seconds) + (seconds == 1 ? " second" : " seconds");
}

std::string readers(const ingest::Conditions& conditions) {
  if (conditions.members_read) return "members only; reading needs AUTH (NIP-42)";
  return conditions.auth_to_read ? "reading needs AUTH (NIP-42), as anybody" : "everybody";
}

std::string writers(const ingest::Conditions& conditions) {
  std::string text;
  switch (conditions.writers) {
    case ingest::Writers::anybody:
      text = conditions.auth_to_write || conditions.listed_kinds ? "" : "everybody";
      break;
    case ingest::Writers::listed:
      text = "listed authors only";
      break;
    case ingest::Writers::trusted:
      text = "authors in the web of trust only";
      break;
    case ingest::Writers::members:
      text = "members only";
  }
  const auto add = [&text](std::string_view more) { text.append(text.empty() ? "" : "; ").append(more); };
  if (conditions.auth_to_write) add("writing needs AUTH (NIP-42)");
  if (conditions.listed_kinds) add("listed kinds only");
  return text;
}

class Page {
 public:
  explicit Page(const Options& options) : options_(options), info_(options.info) {}

  std::string render(const PageFigures& figures) {
    append_head();
    out_ += "<body><main>\n";
    if (is_image(info_.banner)) append_image(info_.banner, "banner");
    append_title();
    append_connect();
    append_figures(figures);
    append_nips();
    append_access();
    append_limits();
    append_about();
    out_ += "</main></body></html>\n";
    return std::move(out_);
  }

 private:
  void text(std::string_view value) { append_escaped(out_, value); }

  void append_head() {
    out_ +=
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
    text(info_.name);
    out_ += "</title>\n";
    if (!info_.description.empty()) {
      out_ += "<meta name=\"description\" content=\"";
      text(info_.description);
      out_ += "\">\n";
    }
    out_.append("<style>").append(kStyle).append("</style></head>\n");
  }

  void append_image(std::string_view url, std::string_view of_class) {
    out_ += "<img alt=\"\" ";
    if (!of_class.empty()) out_.append("class=\"").append(of_class).append("\" ");
    out_ += "src=\"";
    text(url);
    out_ += "\">";
  }

  void append_title() {
    out_ += "<header>";
    is_image(info_.icon) ? append_image(info_.icon, "") : static_cast<void>(out_.append(kLighthouse));
    out_ += "<h1>";
    text(info_.name);
    out_ += "</h1></header>\n";
    if (info_.description.empty()) return;
    out_ += "<p class=\"lead\">";
    text(info_.description);
    out_ += "</p>\n";
  }

  void append_connect() {
    out_ += "<section><h2>Connect</h2>\n";
    for (const std::string& url : options_.urls) {
      out_ += "<code class=\"url\">";
      text(url);
      out_ += "</code>\n";
    }
    out_ +=
        options_.urls.empty()
            ? "<p class=\"hint\">This is a Nostr relay: add the address of this page, with wss:// or ws:// in front, "
              "to the relays of your Nostr client.</p></section>\n"
            : "<p class=\"hint\">This is a Nostr relay: add this address to the relays of your Nostr client. A click "
              "selects it.</p></section>\n";
  }

  void append_figure(std::string_view name, std::string_view value) {
    out_.append("<div><dt>").append(name).append("</dt><dd>").append(value).append("</dd></div>");
  }

  void append_figures(const PageFigures& figures) {
    out_ += "<section><h2>Now</h2>\n<dl class=\"figures\">";
    append_figure("events stored", grouped(figures.events));
    append_figure("connections", grouped(figures.connections));
    append_figure("subscriptions", grouped(figures.subscriptions));
    append_figure("running for", span_of(figures.uptime));
    out_ += "</dl></section>\n";
  }

  void append_nips() {
    out_ += "<section><h2>Supported NIPs</h2>\n<ul class=\"chips\">";
    for (const Nip& nip : nips()) {
      if (!nip.enabled(options_)) continue;
      const std::string page = nip_page(nip.number);
      out_.append("<li><a href=\"https://github.com/nostr-protocol/nips/blob/master/").append(page);
      out_.append(".md\" title=\"");
      text(nip.title);
      out_.append("\">").append(page).append("</a></li>");
    }
    out_ += "</ul></section>\n";
  }

  void begin_fact(std::string_view name) { out_.append("<dt>").append(name).append("</dt><dd>"); }

  void append_fact(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin_fact(name);
    text(value);
    out_ += "</dd>\n";
  }

  void append_link(std::string_view name, std::string_view url) {
    if (!is_link(url)) return append_fact(name, url);
    begin_fact(name);
    out_ += "<a rel=\"nofollow noopener\" href=\"";
    text(url);
    out_ += "\">";
    text(url);
    out_ += "</a></dd>\n";
  }

  void append_key(std::string_view name, const std::string& hex) {
    const auto key = PublicKey::from_hex(hex);
    if (key) append_fact(name, encode_npub(*key));
  }

  void append_access() {
    if (options_.conditions == ingest::Conditions{}) return;
    out_ += "<section><h2>Who gets in</h2>\n<dl class=\"facts\">";
    append_fact("Readers", readers(options_.conditions));
    append_fact("Writers", writers(options_.conditions));
    out_ += "</dl></section>\n";
  }

  void append_limits() {
    const Limits& limits = options_.limits;
    out_ += "<section><h2>Limits</h2>\n<dl class=\"facts\">";
    append_fact("Size of an event", grouped(options_.admission.max_event_bytes) + " bytes");
    append_fact("Length of its content", grouped(options_.admission.max_content_length) + " characters");
    append_fact("Its tags", grouped(options_.admission.max_tags));
    append_fact("Subscriptions", grouped(limits.max_subscriptions) + " a connection");
    append_fact("Filters", grouped(limits.max_filters) + " a request");
    append_fact("Stored events",
                grouped(limits.default_limit) + " a filter, " + grouped(limits.max_limit) + " at most");
    if (options_.admission.min_pow_bits > 0) {
      append_fact("Proof of work", std::to_string(options_.admission.min_pow_bits) + " bits");
    }
    out_ += "</dl></section>\n";
  }

  void append_about() {
    out_ += "<section><h2>About</h2>\n<dl class=\"facts\">";
    append_key("Operator", info_.pubkey);
    append_link("Contact", info_.contact);
    append_link("Terms of service", info_.terms_of_service);
    append_key("Relay key", info_.self);
    append_link("Software", info_.software);
    append_fact("Version", info_.version);
    out_ += "</dl></section>\n";
  }

  const Options& options_;
  const Info& info_;
  std::string out_;
};

}  // namespace

std::string relay_page(const Options& options, const PageFigures& figures) { return Page(options).render(figures); }

std::string page_security_policy() {
  return "default-src 'none'; style-src 'unsafe-inline'; img-src https:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

}  // namespace pharos::relay
