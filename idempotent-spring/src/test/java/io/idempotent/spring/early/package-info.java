/** Calls that are made before, while and after an application starts. */
@NullMarked
package io.idempotent.spring.early;

import org.jspecify.annotations.NullMarked;
