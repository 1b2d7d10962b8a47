/** The matrix's classes that the weaving agent weaves; it weaves the whole package. */
@NullMarked
package io.idempotent.spring.matrix.woven;

import org.jspecify.annotations.NullMarked;
