/** An application whose package begins as the framework's do. */
@NullMarked
package org.springframework.samples.shop;

import org.jspecify.annotations.NullMarked;
