/**
 * Makes the library work in a Spring Boot application without any configuration, and tells what is wrong at startup in
 * Boot's way. The only package that knows Spring Boot; nothing may depend on it.
 */
@NullMarked
package io.idempotent.spring.autoconfigure;

import org.jspecify.annotations.NullMarked;
