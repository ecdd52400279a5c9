/* What the files of this room share. Not part of the face. */
#ifndef HUILIU_CRYPT_CRYPT_INTERNAL_H
#define HUILIU_CRYPT_CRYPT_INTERNAL_H

#include "base/base.h"

/* Makes both libraries ready, once. Whoever takes random bytes or locked memory asks first. */
enum err_class crypt_ready(struct err *err);

#endif
