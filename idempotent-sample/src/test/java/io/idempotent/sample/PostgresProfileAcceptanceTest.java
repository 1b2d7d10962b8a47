package io.idempotent.sample;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.TestPropertySource;

@NeedsServer(Server.POSTGRES_18)
@ActiveProfiles("postgres")
@TestPropertySource(properties = "sample.data=./target/acceptance")
class PostgresProfileAcceptanceTest extends ProfileAcceptanceContract {}
