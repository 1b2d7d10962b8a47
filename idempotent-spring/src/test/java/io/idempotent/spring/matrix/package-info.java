/** Every way to intercept beside every advice of Spring that people put on the same method. */
@NullMarked
package io.idempotent.spring.matrix;

import org.jspecify.annotations.NullMarked;
