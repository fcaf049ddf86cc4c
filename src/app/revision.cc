#include "app/revision.h"

namespace pharos::app {

const char* revision() { return PHAROS_REVISION; }

}  // namespace pharos::app
