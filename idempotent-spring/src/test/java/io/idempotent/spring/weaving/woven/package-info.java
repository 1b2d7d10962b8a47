/** Classes that the weaving agent weaves; it weaves the whole package. */
@NullMarked
package io.idempotent.spring.weaving.woven;

import org.jspecify.annotations.NullMarked;
