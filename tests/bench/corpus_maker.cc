#include "bench/corpus_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <thread>
#include <unordered_set>

#include "bench/corpus_text.h"
#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "nostr/schnorr.h"

namespace pharos::bench {
namespace {

constexpr UnixSeconds kStart = 1'740'000'000;
constexpr double kAuthorShift = 20;
constexpr std::string_view kRelayHint = "wss://relay.example.com/";

struct Share {
  Kind kind;
  std::uint32_t permille;
};
constexpr std::array<Share, 16> kMix = {{{1, 450},
                                         {7, 250},
                                         {6, 55},
                                         {9735, 50},
                                         {0, 40},
                                         {1059, 40},
                                         {3, 30},
                                         {10002, 20},
                                         {42, 15},
                                         {30023, 10},
                                         {5, 10},
                                         {1111, 10},
                                         {4, 5},
                                         {30078, 5},
                                         {1984, 5},
                                         {10000, 5}}};

Kind some_kind(Random& random) {
  auto at = static_cast<std::uint32_t>(random.below(1000));
  for (const Share& share : kMix) {
    if (at < share.permille) return share.kind;
    at -= share.permille;
  }
  return 1;
}

bool is_note(const CorpusRow& row) { return row.kind == 1 || row.kind == 30023; }

// Composes the unsigned events of one block.
class Block {
 public:
  Block(std::uint64_t seed, std::size_t first, const EarlierEvents& earlier, const Authors& authors)
      : random_(seed * 0x9E3779B97F4A7C15U + first), first_(first), earlier_(earlier), authors_(authors) {
    made_.reserve(kBlockEvents);
  }

  std::vector<MadeEvent> compose() {
    for (std::size_t i = 0; i < kBlockEvents; ++i) compose_next();
    return std::move(made_);
  }

 private:
  std::size_t next_index() const { return first_ + made_.size(); }
  CorpusRow row(std::size_t i) const { return i < first_ ? earlier_.row(i) : made_[i - first_].row; }
  std::size_t some_author() { return zipf(random_, authors_at(next_index()), kAuthorShift); }

  // A note, recent rather than old, among the events before number `end`.
  std::optional<std::size_t> some_note(std::size_t end) {
    for (int attempt = 0; attempt < 8 && end > 0; ++attempt) {
      const std::size_t i = end - 1 - zipf(random_, end, 10);
      if (is_note(row(i))) return i;
    }
    return std::nullopt;
  }

  void compose_next() {
    MadeEvent& made = made_.emplace_back();
    CorpusRow& mine = made.row;
    // The new one is in the list already, but no reference may go to it.
    const std::size_t index = next_index() - 1;
    mine.root = static_cast<std::uint32_t>(index);
    mine.author = static_cast<std::uint32_t>(some_author());
    mine.kind = some_kind(random_);
    mine.created_at = kStart + static_cast<UnixSeconds>(index + 20 - random_.below(20));
    fill(made, index);
    made.event.pubkey = authors_.key(mine.author);
    made.event.created_at = mine.created_at;
    made.event.kind = mine.kind;
    mine.id = made.event.id = compute_id(made.event);
  }

  void fill(MadeEvent& made, std::size_t index) {
    Event& event = made.event;
    switch (made.row.kind) {
      case 0:
        return fill_profile(event, made.row.author);
      case 1:
      case 42:
      case 1111:
        return fill_note(made, index);
      case 3:
        return fill_people(event, 50 + random_.below(551));
      case 10000:
        return fill_people(event, 1 + random_.below(40));
      case 4:
        return fill_direct_message(event);
      case 5:
        return fill_deletion(made, index);
      case 6:
        return fill_repost(made, index);
      case 7:
        return fill_reaction(made, index);
      case 1059:
        return fill_gift_wrap(event);
      case 1984:
        return fill_report(made, index);
      case 9735:
        return fill_zap(made, index);
      case 10002:
        return fill_relay_list(event);
      case 30023:
        return fill_article(event);
      default:
        return fill_app_data(event);
    }
  }

  void tag_person(Event& event, std::size_t author) { event.tags.add({"p", authors_.hex(author)}); }

  void fill_profile(Event& event, std::size_t author) {
    const std::string name = std::string(some_word(random_)) + std::to_string(author);
    std::string about;
    append_text(about, random_, 40 + random_.below(200));
    std::erase_if(about, [](char c) { return c == '"' || c == '\n'; });
    event.content = "{\"name\":\"" + name + "\",\"about\":\"" + about + "\",\"picture\":\"https://media.example/" +
                    authors_.hex(author).substr(0, 24) + ".jpg\",\"nip05\":\"" + name + "@example.com\",\"lud16\":\"" +
                    name + "@pay.example\"}";
  }

  void fill_note(MadeEvent& made, std::size_t index) {
    Event& event = made.event;
    const auto target = random_.below(100) < 55 ? some_note(index) : std::nullopt;
    if (target) {
      const CorpusRow parent = row(*target);
      made.row.root = parent.root;
      event.tags.add({"e", row(parent.root).id.hex(), kRelayHint, "root"});
      if (parent.root != *target) event.tags.add({"e", parent.id.hex(), kRelayHint, "reply"});
      tag_person(event, parent.author);
      if (random_.below(3) == 0) tag_person(event, some_author());
    }
    if (random_.below(100) < 25) {
      for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) event.tags.add({"t", some_hashtag(random_)});
    }
    // Many short ones and a few long ones.
    const double length = 30 * std::pow(60.0, random_.unit() * random_.unit() + random_.unit() * 0.3);
    append_text(event.content, random_, static_cast<std::size_t>(length));
  }

  void fill_people(Event& event, std::size_t count) {
    std::unordered_set<std::size_t> taken;
    count = std::min(count, authors_at(next_index()) / 2);
    while (taken.size() < count) {
      const std::size_t author = some_author();
      if (taken.insert(author).second) tag_person(event, author);
    }
  }

  void fill_direct_message(Event& event) {
    tag_person(event, some_author());
    append_noise(event.content, random_, 100 + random_.below(300));
    event.content += "?iv=";
    append_noise(event.content, random_, 24);
  }

  // One's own notes alone can be deleted, so the author follows from the note.
  void fill_deletion(MadeEvent& made, std::size_t index) {
    if (const auto target = some_note(index)) {
      const CorpusRow gone = row(*target);
      made.row.author = gone.author;
      made.event.tags.add({"e", gone.id.hex()});
      made.event.tags.add({"k", std::to_string(gone.kind)});
    }
    made.event.content = random_.below(2) == 0 ? "" : "posted by mistake";
  }

  void fill_repost(MadeEvent& made, std::size_t index) {
    const auto target = some_note(index);
    if (!target) return;
    const CorpusRow note = row(*target);
    made.event.tags.add({"e", note.id.hex(), kRelayHint});
    tag_person(made.event, note.author);
    // Events of this block are not signed yet.
    if (*target < first_) made.event.content = earlier_.json(*target);
  }

  void fill_reaction(MadeEvent& made, std::size_t index) {
    made.event.content = random_.below(4) == 0 ? "\xF0\x9F\xA4\x99" : "+";
    const auto target = some_note(index);
    if (!target) return;
    const CorpusRow note = row(*target);
    if (note.root != *target) made.event.tags.add({"e", row(note.root).id.hex(), kRelayHint});
    made.event.tags.add({"e", note.id.hex(), kRelayHint});
    tag_person(made.event, note.author);
    made.event.tags.add({"k", std::to_string(note.kind)});
  }

  void fill_gift_wrap(Event& event) {
    tag_person(event, some_author());
    append_noise(event.content, random_, 900 + random_.below(1400));
  }

  void fill_report(MadeEvent& made, std::size_t index) {
    if (const auto target = some_note(index)) {
      const CorpusRow note = row(*target);
      made.event.tags.add({"e", note.id.hex(), "spam"});
      made.event.tags.add({"p", authors_.hex(note.author), "spam"});
    }
    append_text(made.event.content, random_, 20);
  }

  void fill_zap(MadeEvent& made, std::size_t index) {
    const std::size_t sender = some_author();
    Event request;
    request.kind = 9734;
    request.created_at = made.row.created_at;
    request.pubkey = authors_.key(sender);
    request.tags.add({"relays", kRelayHint, "wss://relay.example.net/", "wss://nostr.example.org/"});
    request.tags.add({"amount", std::to_string((1 + random_.below(100)) * 21'000)});
    std::size_t receiver = some_author();
    if (const auto target = some_note(index)) {
      const CorpusRow note = row(*target);
      receiver = note.author;
      request.tags.add({"e", note.id.hex()});
      made.event.tags.add({"e", note.id.hex()});
    }
    tag_person(request, receiver);
    request.id = compute_id(request);
    random_.fill(request.sig.data);  // relays take the receipt's signature, not that of the request in it
    tag_person(made.event, receiver);
    made.event.tags.add({"P", authors_.hex(sender)});
    std::string text = "lnbc210n1p";
    append_noise(text, random_, 260);
    made.event.tags.add({"bolt11", text});
    text.clear();
    append_event_json(text, request);
    made.event.tags.add({"description", text});
  }

  void fill_relay_list(Event& event) {
    for (std::uint64_t n = 2 + random_.below(8); n > 0; --n) {
      const std::string url = "wss://" + std::string(some_word(random_)) + ".example.com/";
      switch (random_.below(3)) {
        case 0:
          event.tags.add({"r", url, "read"});
          break;
        case 1:
          event.tags.add({"r", url, "write"});
          break;
        default:
          event.tags.add({"r", url});
      }
    }
  }

  void fill_article(Event& event) {
    std::string title;
    append_text(title, random_, 40);
    event.tags.add({"d", "article-" + std::to_string(random_.below(20))});
    event.tags.add({"title", title});
    for (int n = 0; n < 3; ++n) event.tags.add({"t", some_hashtag(random_)});
    append_text(event.content, random_, 3000 + random_.below(6000));
  }

  void fill_app_data(Event& event) {
    event.tags.add({"d", "settings/" + std::string(some_word(random_))});
    append_noise(event.content, random_, 100 + random_.below(600));
  }

  SeededRandom random_;
  std::size_t first_;
  const EarlierEvents& earlier_;
  const Authors& authors_;
  std::vector<MadeEvent> made_;
};

}  // namespace

std::size_t authors_at(std::size_t i) { return 2000 + i / 40; }

std::vector<MadeEvent> make_block(std::uint64_t seed, std::size_t first, const EarlierEvents& earlier,
                                  Authors& authors) {
  authors.grow_to(authors_at(first + kBlockEvents));
  std::vector<MadeEvent> made = Block(seed, first, earlier, authors).compose();
  const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> signers;
  for (std::size_t t = 0; t < threads; ++t) {
    signers.emplace_back([&, t] {
      for (std::size_t i = t; i < made.size(); i += threads) {
        MadeEvent& one = made[i];
        SeededRandom random(seed + first + i);
        one.event.sig = sign(authors.secret(one.row.author), one.event.id, random);
        append_event_json(one.json, one.event);
        one.row.length = static_cast<std::uint32_t>(one.json.size());
      }
    });
  }
  for (std::thread& signer : signers) signer.join();
  return made;
}

}  // namespace pharos::bench
