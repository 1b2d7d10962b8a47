package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.Fingerprinter;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.context.support.PropertySourcesPlaceholderConfigurer;
import org.springframework.context.support.SimpleThreadScope;

@ExtendWith(OutputCaptureExtension.class)
class StartupCheckTest {

    record Request(String id) {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final ApplicationContextRunner plain = new ApplicationContextRunner().withUserConfiguration(Enabled.class);

    private static void refused(
            ApplicationContextRunner runner, Consumer<IdempotencyConfigurationException> requirements) {
        runner.run(context -> assertThat(context.getStartupFailure())
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, requirements));
    }

    // beans that are not made at startup

    static class Broken {
        @Idempotent(key = "#nobody")
        public String run(Request request) {
            return request.id();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class LazyBean {
        @Bean
        @Lazy
        Broken broken() {
            throw new AssertionError("made at startup");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class PrototypeBean {
        @Bean
        @Scope("prototype")
        Broken broken() {
            throw new AssertionError("made at startup");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class ScopedBean {
        @Bean
        @Scope(value = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
        Broken broken() {
            throw new AssertionError("made at startup");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class ProductOfFactory {
        @Bean
        FactoryBean<Broken> broken() {
            return new FactoryBean<>() {
                @Override
                public Broken getObject() {
                    throw new AssertionError("made at startup");
                }

                @Override
                public Class<?> getObjectType() {
                    return Broken.class;
                }
            };
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {LazyBean.class, PrototypeBean.class, ScopedBean.class, ProductOfFactory.class})
    void beansThatAreNotMadeAtStartupAreCheckedByTheirTypes(Class<?> configuration) {
        refused(
                plain.withInitializer(context -> ((GenericApplicationContext) context)
                                .getBeanFactory()
                                .registerScope("thread", new SimpleThreadScope()))
                        .withUserConfiguration(configuration),
                refusal -> {
                    assertThat(refusal.description())
                            .contains("key = \"#nobody\"")
                            .contains(Broken.class.getName() + ".run")
                            .contains("names #nobody, which is no parameter");
                    assertThat(refusal.action()).contains("#request");
                });
    }

    static class Counting {
        private int runs;

        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return request.id() + ++runs;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class ScopedCounting {
        @Bean
        @Scope(value = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
        Counting counting() {
            return new Counting();
        }
    }

    @Test
    void aScopedBeanIsOneOperationAndProtected() {
        plain.withInitializer(context -> ((GenericApplicationContext) context)
                        .getBeanFactory()
                        .registerScope("thread", new SimpleThreadScope()))
                .withUserConfiguration(ScopedCounting.class)
                .run(context -> {
                    Counting counting = (Counting) context.getBean("counting");
                    assertThat(counting.run(new Request("a"))).isEqualTo("a1");
                    assertThat(counting.run(new Request("a"))).isEqualTo("a1");
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class CountingFactory {
        @Bean
        FactoryBean<Counting> counting() {
            return new FactoryBean<>() {
                @Override
                public Counting getObject() {
                    return new Counting();
                }

                @Override
                public Class<?> getObjectType() {
                    return Counting.class;
                }
            };
        }
    }

    @Test
    void aFactoryBeansProductIsProtected() {
        plain.withUserConfiguration(CountingFactory.class).run(context -> {
            Counting counting = (Counting) context.getBean("counting");
            assertThat(counting.run(new Request("a"))).isEqualTo("a1");
            assertThat(counting.run(new Request("a"))).isEqualTo("a1");
        });
    }

    // names of operations

    static class SaysItsName {
        @Idempotent(key = "#id", operation = "shared")
        public String run(String id) {
            return id;
        }
    }

    static class SaysTheSameName {
        @Idempotent(key = "#id", operation = "shared")
        public String other(String id) {
            return id;
        }
    }

    @Test
    void twoBeansOfOneClassHaveOneNameAndAreRefused() {
        refused(plain.withBean("first", Counting.class).withBean("second", Counting.class), refusal -> {
            assertThat(refusal.description())
                    .contains("of the bean 'first'")
                    .contains("of the bean 'second'")
                    .contains("are both the operation 'counting-run'")
                    .contains("would answer each other's keys");
            assertThat(refusal.action()).contains("Give each an operation of its own, or the same one on both");
        });
    }

    @Test
    void aNameThatAllMethodsSayIsOneOperation() {
        plain.withBean(SaysItsName.class).withBean(SaysTheSameName.class).run(context -> {
            assertThat(context.getBean(SaysItsName.class).run("a")).isEqualTo("a");
            assertThat(context.getBean(SaysTheSameName.class).other("a")).isEqualTo("a");
        });
    }

    // settings of operations

    @Test
    void settingsOfAnOperationThatNothingDeclaresAreRefused() {
        refused(
                plain.withBean(Counting.class).withPropertyValues("idempotent.operations.countign-run.retention=1h"),
                refusal -> {
                    assertThat(refusal.description())
                            .contains("There are settings for the operations [countign-run], which nothing declares")
                            .contains("declared are [counting-run]");
                    assertThat(refusal.action()).contains("idempotent.unknown-operations=warn");
                });
    }

    @Test
    void settingsOfAnOperationThatNothingDeclaresAreAWarningWhereSaidSo(CapturedOutput output) {
        plain.withBean(Counting.class)
                .withPropertyValues(
                        "idempotent.operations.countign-run.retention=1h", "idempotent.unknown-operations=warn")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(output).contains("There are settings for the operations [countign-run]");
                });
    }

    @Test
    void settingsMatchOperationsByLettersAndDigits() {
        plain.withBean(Counting.class)
                .withPropertyValues("idempotent.operations.CountingRun.retention=1h")
                .run(context -> assertThat(context).hasNotFailed());
    }

    // switches

    @Test
    void nothingIsCheckedWhereEverythingIsSwitchedOff(CapturedOutput output) {
        plain.withBean(Broken.class)
                .withPropertyValues("idempotent.enabled=false")
                .run(context -> {
                    assertThat(context.getBean(Broken.class).run(new Request("a")))
                            .isEqualTo("a");
                    assertThat(output).contains("idempotent.enabled is false: no method is protected");
                });
    }

    @Test
    void anOperationThatIsSwitchedOffIsNotCheckedAndRunsBare() {
        plain.withBean(Counting.class)
                .withPropertyValues("idempotent.operations.counting-run.enabled=false")
                .run(context -> {
                    Counting counting = context.getBean(Counting.class);
                    assertThat(counting.run(new Request("a"))).isEqualTo("a1");
                    assertThat(counting.run(new Request("a"))).isEqualTo("a2");
                });
    }

    @Test
    void everythingRunsBareWhereEverythingIsSwitchedOff() {
        plain.withBean(Counting.class)
                .withPropertyValues("idempotent.enabled=false")
                .run(context -> {
                    Counting counting = context.getBean(Counting.class);
                    assertThat(counting.run(new Request("a"))).isEqualTo("a1");
                    assertThat(counting.run(new Request("a"))).isEqualTo("a2");
                });
    }

    // placeholders

    static class Placeholders {
        private int runs;

        @Idempotent(key = "#p0.${key.property}", operation = "${name}", unless = "#result == '${never}'")
        public String run(Request request) {
            return request.id() + ++runs;
        }
    }

    @Test
    void placeholdersInAnnotationsAreResolved() {
        plain.withBean(Placeholders.class)
                .withPropertyValues("key.property=id", "name=named", "never=a1")
                .withPropertyValues("idempotent.operations.named.retention=1h")
                .run(context -> {
                    Placeholders bean = context.getBean(Placeholders.class);
                    assertThat(bean.run(new Request("a"))).isEqualTo("a1");
                    assertThat(bean.run(new Request("a"))).isEqualTo("a2");
                    assertThat(bean.run(new Request("a"))).isEqualTo("a2");
                });
    }

    @Test
    void aPlaceholderThatTheApplicationsConfigurerCannotResolveIsRefused() {
        refused(plain.withBean(Placeholders.class).withBean(PropertySourcesPlaceholderConfigurer.class), refusal -> {
            assertThat(refusal.description())
                    .contains("@Idempotent(")
                    .contains("${")
                    .contains("has a placeholder that cannot be resolved");
            assertThat(refusal.action()).contains("Set the property");
        });
    }

    // names of parameters

    @Test
    void parametersOfAClassThatWasCompiledWithoutTheirNamesCannotBeNamed(@TempDir Path folder) {
        Class<?> nameless =
                RuntimeCompiler.compile(folder, "sample.Nameless", Map.of("sample.Nameless", """
                        package sample;
                        public class Nameless {
                            @io.idempotent.spring.annotation.Idempotent(key = "#id")
                            public String run(String id) { return id; }
                        }
                        """), "-g:none");
        refused(plain.withClassLoader(nameless.getClassLoader()).withBean(nameless), refusal -> {
            assertThat(refusal.description()).contains("sample.Nameless.run names #id, which is no parameter");
            assertThat(refusal.action()).contains("without -parameters: compile it so, or use #p0");
        });
    }

    @Test
    void parametersOfAClassThatWasCompiledWithoutTheirNamesAreFoundByPosition(@TempDir Path folder) {
        Class<?> nameless =
                RuntimeCompiler.compile(folder, "sample.ByPosition", Map.of("sample.ByPosition", """
                        package sample;
                        public class ByPosition implements java.util.function.UnaryOperator<String> {
                            private int runs;
                            @io.idempotent.spring.annotation.Idempotent(key = "{#p0, #a0}")
                            public String apply(String id) { return id + ++runs; }
                        }
                        """), "-g:none");
        plain.withClassLoader(nameless.getClassLoader())
                .withBean("nameless", nameless)
                .run(context -> {
                    @SuppressWarnings("unchecked")
                    var bean = (java.util.function.Function<String, String>) context.getBean("nameless");
                    assertThat(bean.apply("a")).isEqualTo("a1");
                    assertThat(bean.apply("a")).isEqualTo("a1");
                });
    }

    // types that need not be there

    @Test
    void aTypeOfWhatEndsLaterIsKnownByItsName(@TempDir Path folder) {
        Class<?> later = RuntimeCompiler.compile(
                folder,
                "sample.Later",
                Map.of(
                        "io.vavr.concurrent.Future",
                        "package io.vavr.concurrent; public interface Future<T> {}",
                        "sample.Later",
                        """
                        package sample;
                        public class Later {
                            @io.idempotent.spring.annotation.Idempotent(key = "#p0")
                            public io.vavr.concurrent.Future<String> run(String id) { return null; }
                        }
                        """));
        refused(plain.withClassLoader(later.getClassLoader()).withBean(later), refusal -> {
            assertThat(refusal.description()).contains("sample.Later.run(String) returns io.vavr.concurrent.Future");
            assertThat(refusal.action()).contains("Annotate a method that returns its result itself");
        });
    }

    @Test
    void whatASuspendingFunctionReturnsIsKnownByItsContinuation(@TempDir Path folder) {
        Class<?> suspending = RuntimeCompiler.compile(folder, "sample.Suspending", Map.of("sample.Suspending", """
                        package sample;
                        public class Suspending {
                            @io.idempotent.spring.annotation.Idempotent(key = "#p0")
                            public Object run(
                                    String id, kotlin.coroutines.Continuation<? super java.io.InputStream> next) {
                                return null;
                            }
                        }
                        """));
        refused(plain.withClassLoader(suspending.getClassLoader()).withBean(suspending), refusal -> {
            assertThat(refusal.description()).contains("sample.Suspending.run").contains("returns java.io.InputStream");
            assertThat(refusal.action()).contains("Annotate a method that returns its result itself");
        });
    }

    // types that cannot be compared or encoded

    abstract static class Handler<T> {
        @Idempotent(key = "#p0")
        public T run(String id) {
            return made(id);
        }

        abstract T made(String id);
    }

    static class LaterHandler extends Handler<Future<String>> {
        @Override
        Future<String> made(String id) {
            return CompletableFuture.completedFuture(id);
        }
    }

    @Test
    void aReturnTypeThatASubclassChoosesIsRefusedToo() {
        refused(plain.withBean(LaterHandler.class), refusal -> {
            assertThat(refusal.description()).contains("LaterHandler.run(String) returns java.util.concurrent.Future");
            assertThat(refusal.action()).contains("Annotate a method that returns its result itself");
        });
    }

    static class TakesStream {
        @Idempotent(key = "#id")
        public String run(String id, InputStream content) {
            return id;
        }
    }

    static class TakesStreamUnseen {
        @Idempotent(key = "#id", fingerprint = "#id")
        public String run(String id, InputStream content) {
            return id;
        }

        @Idempotent(key = "#id", fingerprint = Idempotent.NONE)
        public String runUntold(String id, InputStream content) {
            return id;
        }
    }

    @Test
    void aParameterThatCanNeitherBeComparedNorEncodedIsRefused() {
        refused(plain.withBean(TakesStream.class), refusal -> {
            assertThat(refusal.description())
                    .contains("Parameter 1 of " + TakesStream.class.getName() + ".run(String, InputStream)")
                    .contains("is of type java.io.InputStream")
                    .contains("neither be compared by value nor encoded: java.io.InputStream: reading it consumes it");
            assertThat(refusal.action())
                    .contains("fingerprint = \"#request.amount\"")
                    .contains("fingerprint = Idempotent.NONE");
        });
    }

    @Test
    void aParameterThatTheApplicationsFingerprinterDoesNotSupportIsRefused() {
        Fingerprinter nothing = new Fingerprinter() {
            @Override
            public String refusal(Type type) {
                return "nothing is supported";
            }

            @Override
            public Fingerprint fingerprint(Object content) {
                throw new IllegalArgumentException("nothing is supported");
            }
        };
        refused(
                plain.withBean(Fingerprinter.class, () -> nothing).withBean(TakesList.class),
                refusal -> assertThat(refusal.description())
                        .contains("is of type java.util.List<java.lang.String>", "nothing is supported"));
    }

    static class TakesList {
        @Idempotent(key = "#ids[0]")
        public String run(List<String> ids) {
            return ids.get(0);
        }
    }

    @Test
    void aFingerprintOfOnesOwnMakesAnyParameterAcceptable() {
        plain.withBean(TakesStreamUnseen.class)
                .run(context -> assertThat(
                                context.getBean(TakesStreamUnseen.class).run("a", InputStream.nullInputStream()))
                        .isEqualTo("a"));
    }

    static class ReturnsObject {
        @Idempotent(key = "#id")
        public Object run(String id) {
            return id;
        }
    }

    static class ReturnsWildcard {
        @Idempotent(key = "#id")
        public List<?> run(String id) {
            return List.of(id);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {ReturnsObject.class, ReturnsWildcard.class})
    void aReturnTypeThatNamesNoClassIsRefusedWhereOutcomesAreEncoded(Class<?> bean) {
        refused(plain.withBean(bean).withPropertyValues("idempotent.caffeine.store-by-value=true"), refusal -> {
            assertThat(refusal.description()).contains("cannot be recorded as JSON");
            assertThat(refusal.action()).contains("Declare a concrete type");
        });
    }

    @ParameterizedTest
    @ValueSource(classes = {ReturnsObject.class, ReturnsWildcard.class})
    void aReturnTypeThatNamesNoClassIsFineWhereOutcomesAreKeptByReference(Class<?> bean) {
        plain.withBean(bean).run(context -> assertThat(context).hasNotFailed());
    }
}
