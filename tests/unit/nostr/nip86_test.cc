#include "nostr/nip86.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Nip86, ReadsMethodAndParameters) {
  const auto request =
      parse_management_request(R"({"id":1,"method":"m","params":["a",-7,null,1.5,[1],{"x":[]},true]})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "m");
  ASSERT_EQ(request->params.size(), 7U);
  EXPECT_EQ(std::get<std::string>(request->params[0]), "a");
  EXPECT_EQ(std::get<std::int64_t>(request->params[1]), -7);
  EXPECT_TRUE(std::holds_alternative<ManagementRequest::Absent>(request->params[2]));
  for (std::size_t i = 3; i < 7; ++i)
    EXPECT_TRUE(std::holds_alternative<ManagementRequest::Other>(request->params[i])) << i;
}

TEST(Nip86, TellsWhatIsMissing) {
  EXPECT_FALSE(parse_management_request("[]"));
  EXPECT_FALSE(parse_management_request(""));
  EXPECT_FALSE(parse_management_request(std::string(60'000, '[')));
  EXPECT_FALSE(parse_management_request("{}")->method);
  EXPECT_FALSE(parse_management_request(R"({"method":1})")->method);
  EXPECT_FALSE(parse_management_request(R"({"x":{"method":"m"}})")->method);
  EXPECT_TRUE(parse_management_request(R"({"method":"m","params":{}})")->has_bad_params);
  EXPECT_TRUE(parse_management_request(R"({"method":"m","params":"a"})")->has_bad_params);
  EXPECT_FALSE(parse_management_request(R"({"method":"m","params":null})")->has_bad_params);
}

TEST(Nip86, ParametersAreBounded) {
  std::string params = "0";
  for (int i = 0; i < 1'000; ++i) params += ",0";
  EXPECT_EQ(parse_management_request("{\"params\":[" + params + "]}")->params.size(), kMaxManagementParams);
}

}  // namespace
}  // namespace pharos
