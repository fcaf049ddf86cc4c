// Result<T, E>: a value or an error, never an exception. The only place that names Boost.Outcome.
// E is a small enum or struct of the module that returns it; reading the wrong side terminates.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

namespace pharos {

template <class T, class E>
using Result = boost::outcome_v2::basic_result<T, E, boost::outcome_v2::policy::terminate>;

using boost::outcome_v2::failure;
using boost::outcome_v2::success;

}  // namespace pharos

// PHAROS_TRY(name, expr): name := value of expr, or return its error. PHAROS_TRYV(expr) for Result<void, E>.
#define PHAROS_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define PHAROS_TRYV(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
