package io.idempotent.sample;

import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.TestPropertySource;

@ActiveProfiles("h2")
@TestPropertySource(properties = "sample.data=./target/acceptance")
class H2ProfileAcceptanceTest extends ProfileAcceptanceContract {}
