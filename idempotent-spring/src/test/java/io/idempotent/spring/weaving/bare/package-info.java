/** Classes that the weaving agent leaves as they are. */
@NullMarked
package io.idempotent.spring.weaving.bare;

import org.jspecify.annotations.NullMarked;
