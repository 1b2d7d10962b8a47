package io.idempotent.store.broken;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.idempotent.store.RandomHistory;
import io.idempotent.store.ReferenceStore;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Tests the contract itself: it passes the reference, and notices each planted fault. */
final class IdempotencyStoreContractTest {

    @Test
    void theContractPassesTheReference() {
        Map<String, TestExecutionResult> results =
                contractOn(ReferenceStore::new, List.of(selectClass(ContractOfPlantedFault.class)));

        assertThat(results).hasSizeGreaterThan(100);
        assertThat(results.values())
                .allSatisfy(result -> assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.SUCCESSFUL));
    }

    @ParameterizedTest
    @EnumSource
    void theContractNotices(PlantedFault fault) {
        Map<String, TestExecutionResult> results = contractOn(
                fault::store,
                fault.noticedBy().stream()
                        .map(test -> selectMethod(ContractOfPlantedFault.class, test))
                        .toList());

        results.values().removeIf(result -> result.getStatus() != TestExecutionResult.Status.FAILED);
        assertThat(results.keySet()).containsAll(fault.noticedBy());
        assertThat(fault.noticedBy())
                .allSatisfy(
                        test -> assertThat(results.get(test).getThrowable()).containsInstanceOf(AssertionError.class));
    }

    @ParameterizedTest
    @MethodSource("foundByHistories")
    void aRandomHistoryFindsWithItsSeed(PlantedFault fault) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> {
                    for (int seed = 0; seed < 100; seed++) {
                        ReferenceStore store = fault.store();
                        RandomHistory.check(seed, 80, () -> store, store::elapse);
                    }
                })
                .withMessageMatching("(?s)Seed \\d+, step \\d+ \\(repeat it with -Didempotent.seed=\\d+\\): .*");
    }

    static Stream<PlantedFault> foundByHistories() {
        return Stream.of(PlantedFault.values()).filter(PlantedFault::isFoundByHistories);
    }

    @Test
    void aRandomHistoryRepeatsItselfByItsSeed() {
        assertThat(failureOfHistory(17)).isEqualTo(failureOfHistory(17));
        assertThat(failureOfHistory(17)).isNotEqualTo(failureOfHistory(18));
    }

    private static String failureOfHistory(long seed) {
        ReferenceStore store = PlantedFault.UNFENCED.store();
        try {
            RandomHistory.check(seed, 1_000, () -> store, store::elapse);
        } catch (AssertionError failure) {
            // The operation's name is another in each history.
            return String.valueOf(failure.getMessage()).replaceAll("history-[0-9a-f-]{36}", "history");
        }
        throw new AssertionError("The fault was not found");
    }

    /** Runs the contract, or some tests of it, on stores, and answers how each of its tests ended. */
    private static Map<String, TestExecutionResult> contractOn(
            Supplier<ReferenceStore> stores, List<? extends DiscoverySelector> tests) {
        Map<String, TestExecutionResult> results = new TreeMap<>();
        ContractOfPlantedFault.PLANTED.set(stores);
        Launcher launcher = LauncherFactory.create();
        launcher.execute(
                LauncherDiscoveryRequestBuilder.request().selectors(tests).build(), new TestExecutionListener() {
                    @Override
                    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                        if (test.isTest()) {
                            results.put(methodName(test), result);
                        }
                    }
                });
        return results;
    }

    private static String methodName(TestIdentifier test) {
        return test.getSource()
                .map(org.junit.platform.engine.support.descriptor.MethodSource.class::cast)
                .orElseThrow()
                .getMethodName();
    }
}
