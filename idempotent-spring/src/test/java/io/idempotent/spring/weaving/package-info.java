/** What holds where calls are intercepted by a woven aspect. */
@NullMarked
package io.idempotent.spring.weaving;

import org.jspecify.annotations.NullMarked;
