#include "monitor/result.h"

namespace pharos::monitor {

std::string_view name(Check check) {
  switch (check) {
    case Check::open:
      return "open";
    case Check::read:
      return "read";
    case Check::write:
      return "write";
    case Check::nip11:
      return "nip11";
    case Check::auth:
      return "auth";
  }
  return "open";
}

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::skipped:
      return "skipped";
    case Outcome::ok:
      return "ok";
    case Outcome::failed:
      return "failed";
    case Outcome::timeout:
      return "timeout";
  }
  return "skipped";
}

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::bad_address:
      return "bad_address";
    case Fault::address_refused:
      return "address_refused";
    case Fault::dns:
      return "dns";
    case Fault::tcp:
      return "tcp";
    case Fault::tls:
      return "tls";
    case Fault::tls_certificate:
      return "tls_certificate";
    case Fault::http:
      return "http";
    case Fault::proxy:
      return "proxy";
    case Fault::too_large:
      return "too_large";
    case Fault::closed:
      return "closed";
    case Fault::bad_answer:
      return "bad_answer";
    case Fault::auth_required:
      return "auth_required";
    case Fault::restricted:
      return "restricted";
    case Fault::pow:
      return "pow";
    case Fault::rate_limited:
      return "rate_limited";
    case Fault::refused:
      return "refused";
    case Fault::own_fault:
      return "own_fault";
    case Fault::local:
      return "local";
  }
  return "none";
}

CheckResult& ProbeResult::check(Check which) {
  switch (which) {
    case Check::open:
      return open;
    case Check::read:
      return read;
    case Check::write:
      return write;
    case Check::nip11:
      return nip11;
    case Check::auth:
      return auth;
  }
  return open;
}

const CheckResult& ProbeResult::check(Check which) const { return const_cast<ProbeResult*>(this)->check(which); }

ProbeSummary summarize(const ProbeResult& result) {
  ProbeSummary out;
  for (const Check which : kChecks) {
    const CheckResult& check = result.check(which);
    out[static_cast<std::size_t>(which)] = {check.outcome, check.fault, check.rtt_ms};
  }
  return out;
}

Requirements observed_requirements(const ProbeResult& result) {
  Requirements out;
  if (result.read_without_auth)
    out.auth = false;
  else if (result.auth_demanded_to_read || (result.auth_demanded_to_write && !result.read.ok()))
    out.auth = true;

  if (result.write.ok()) {
    out.writes = false;
    // The event carried no work, and nobody paid for its author.
    out.pow = false;
    out.payment = false;
  } else {
    switch (result.write.fault) {
      case Fault::pow:
        out.pow = true;
        out.writes = true;
        break;
      case Fault::restricted:
      case Fault::refused:
        out.writes = true;
        break;
      case Fault::auth_required:
        // Where reading needs no AUTH, AUTH is the condition; elsewhere nobody can tell what follows it.
        if (result.read_without_auth) out.writes = true;
        break;
      default:
        break;
    }
  }
  return out;
}

}  // namespace pharos::monitor
