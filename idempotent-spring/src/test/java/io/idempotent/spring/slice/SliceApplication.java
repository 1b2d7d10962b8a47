package io.idempotent.spring.slice;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** An application of which tests take slices. */
@SpringBootApplication
class SliceApplication {}
