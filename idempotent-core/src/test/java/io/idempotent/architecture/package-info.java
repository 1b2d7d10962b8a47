/** The directions between the packages, as rules that are each shown to fail on planted violations. */
@NullMarked
package io.idempotent.architecture;

import org.jspecify.annotations.NullMarked;
