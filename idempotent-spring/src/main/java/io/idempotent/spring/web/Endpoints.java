package io.idempotent.spring.web;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.AnnotatedMethods;
import io.idempotent.spring.operation.AnnotationReader;
import io.idempotent.spring.operation.DetachedOperation;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationContract;
import io.idempotent.spring.operation.OperationDeclarer;
import io.idempotent.spring.operation.OperationName;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.spring.settings.WebSettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodClassKey;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.http.HttpEntity;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.method.HandlerMethod;

/**
 * The endpoints of an application, resolved when all singletons are made. Safe for use by many threads.
 *
 * <ol>
 *   <li>Each handler method of each handler mapping that is annotated is an endpoint, unless it is switched off.
 *   <li>It must not be intercepted as a bean's method too, nor stream its response.
 *   <li>Its declaration is resolved: settings, store, who finds out what became of abandoned executions.
 *   <li>No other method is annotated: it would not be protected.
 *   <li>The handlers are told to the {@link Handlers} that they come from.
 *   <li>A handler that was not there then, since it is mapped later or in a context of its own, is resolved at its
 *       first request.
 * </ol>
 */
public final class Endpoints implements OperationDeclarer {

    private final Handlers handlers;

    private final ConfigurableListableBeanFactory beanFactory;

    private final Supplier<OperationRegistry> operations;

    private final Supplier<OperationSource> methods;

    // Of every handler that was asked for; nothing of those that are none, or switched off.
    private final Map<MethodClassKey, Optional<Endpoint>> endpoints = new ConcurrentHashMap<>();

    /** The handlers of the stack that serves an application. */
    public interface Handlers {

        /** The name of the stack. */
        String stack();

        /** The handler methods of all handler mappings. */
        Collection<HandlerMethod> all();

        /** The types of this stack by which a handler says that it streams its response. */
        Set<Class<?>> streaming();

        /** Takes note of the handlers that are endpoints. */
        void declared(Collection<HandlerMethod> endpoints);
    }

    /**
     * Makes the endpoints of an application.
     *
     * @param handlers the handlers of what serves it
     * @param beanFactory has its beans
     * @param operations gives the registry of operations
     * @param methods gives what tells which methods are intercepted
     */
    public Endpoints(
            Handlers handlers,
            ConfigurableListableBeanFactory beanFactory,
            Supplier<OperationRegistry> operations,
            Supplier<OperationSource> methods) {
        this.handlers = handlers;
        this.beanFactory = beanFactory;
        this.operations = operations;
        this.methods = methods;
    }

    /**
     * The endpoint that a handler is, or null.
     *
     * @throws IdempotencyConfigurationException if it cannot be protected as it is declared
     */
    public @Nullable Endpoint find(HandlerMethod handler) {
        MethodClassKey key = key(handler);
        Optional<Endpoint> known = endpoints.get(key);
        if (known == null) {
            IdempotentEndpoint annotation = handler.getMethodAnnotation(IdempotentEndpoint.class);
            known = annotation == null ? Optional.empty() : resolved(new Reader(handler, annotation, operations.get()));
            endpoints.put(key, known);
        }
        return known.orElse(null);
    }

    private static Optional<Endpoint> resolved(Reader reader) {
        return Optional.ofNullable(reader.resolve());
    }

    private static MethodClassKey key(HandlerMethod handler) {
        return new MethodClassKey(handler.getMethod(), handler.getBeanType());
    }

    @Override
    public Collection<DeclaredOperation> declare(OperationRegistry operations) {
        Map<MethodClassKey, DeclaredOperation> declared = new LinkedHashMap<>();
        List<HandlerMethod> declaredHandlers = new ArrayList<>();
        for (HandlerMethod handler : handlers.all()) {
            IdempotentEndpoint annotation = handler.getMethodAnnotation(IdempotentEndpoint.class);
            if (annotation != null && !declared.containsKey(key(handler))) {
                Reader reader = new Reader(handler, annotation, operations);
                declared.put(key(handler), reader.declared());
                endpoints.put(key(handler), resolved(reader));
                declaredHandlers.add(handler);
            }
        }
        handlers.declared(declaredHandlers);
        List<String> unserved = AnnotatedMethods.describe(
                beanFactory,
                (method, targetClass) -> declared.containsKey(new MethodClassKey(method, targetClass)),
                List.of(IdempotentEndpoint.class));
        if (!unserved.isEmpty()) {
            throw new IdempotencyConfigurationException(
                    unserved.get(0)
                            + " is annotated with @IdempotentEndpoint, and handles no requests of "
                            + handlers.stack() + ": its calls would not be protected",
                    "Annotate the handler method of a controller, or use @Idempotent for a method of a bean");
        }
        return declared.values();
    }

    /** Reads one annotation, and says where it stands when it cannot. */
    private final class Reader {

        private final HandlerMethod handler;
        private final IdempotentEndpoint annotation;
        private final OperationRegistry operations;
        private final String described;
        private final AnnotationReader reader;

        Reader(HandlerMethod handler, IdempotentEndpoint annotation, OperationRegistry operations) {
            this.handler = handler;
            this.annotation = annotation;
            this.operations = operations;
            this.described = MethodNames.describe(handler.getMethod(), handler.getBeanType());
            this.reader = new AnnotationReader(
                    MergedAnnotation.from(annotation), beanFactory::resolveEmbeddedValue, described);
        }

        DeclaredOperation declared() {
            return new DeclaredOperation(
                    name(),
                    handler.getBean() instanceof String beanName
                            ? beanName
                            : handler.getBeanType().getName(),
                    described);
        }

        private OperationName name() {
            String said = reader.text("operation");
            return said != null
                    ? OperationName.of(said, true, described)
                    : OperationName.of(
                            MethodNames.operation(handler.getBeanType(), handler.getMethod()), false, described);
        }

        @Nullable
        Endpoint resolve() {
            if (methods.get().isIdempotent(handler.getMethod(), handler.getBeanType())) {
                throw new IdempotencyConfigurationException(
                        described + " is annotated with @IdempotentEndpoint and with @Idempotent",
                        "Keep @IdempotentEndpoint to record the HTTP response by the request's header, or"
                                + " @Idempotent to record"
                                + " the method's result by its arguments");
            }
            checkRecordable(ResolvableType.forMethodReturnType(handler.getMethod(), handler.getBeanType()));
            WebSettings settings = operations.settings().web();
            boolean shared = switch (annotation.scope()) {
                case INHERIT -> settings.scope() == WebSettings.Scope.SHARED;
                case CALLER -> false;
                case SHARED -> true;
            };
            DetachedOperation<RecordedResponse> operation =
                    operations.open(name(), reader.settings(), RecordedResponse.class, contract(settings, shared));
            if (operation == null) {
                return null;
            }
            Endpoint endpoint = new Endpoint(operation, annotation.required(), shared, annotation.fingerprint());
            if (!settings.unknownStatuses().isEmpty() && !endpoint.keepsUnknown()) {
                throw new IdempotencyConfigurationException(
                        described + " is unknown after the statuses " + settings.unknownStatuses()
                                + " of idempotent.web.unknown-statuses, and would be run again after them",
                        "Set its whenAbandoned, or idempotent.when-abandoned, to reconcile or refuse");
            }
            return endpoint;
        }

        private OperationContract contract(WebSettings settings, boolean shared) {
            return new OperationContract(
                    described,
                    "header " + settings.header(),
                    shared ? null : "caller",
                    annotation.fingerprint()
                            ? "method, path, query, body"
                                    + settings.fingerprintHeaders().stream()
                                            .map(", header "::concat)
                                            .collect(Collectors.joining())
                            : "none",
                    false,
                    RetrySettings.UNSAID);
        }

        /** Refuses what is sent piece by piece, also inside of what only says when or how it is sent. */
        private void checkRecordable(ResolvableType type) {
            Class<?> raw = type.toClass();
            ReactiveAdapter adapter =
                    ReactiveAdapterRegistry.getSharedInstance().getAdapter(raw);
            if (handlers.streaming().stream().anyMatch(streaming -> streaming.isAssignableFrom(raw))
                    || (adapter != null && adapter.isMultiValue())) {
                throw new IdempotencyConfigurationException(
                        described + " streams its response, by the type " + type
                                + ", and only a response that is there as a whole can be recorded",
                        "Return the whole response, or do without @IdempotentEndpoint");
            }
            for (Class<?> around : Set.of(
                    HttpEntity.class,
                    DeferredResult.class,
                    Callable.class,
                    WebAsyncTask.class,
                    CompletionStage.class)) {
                if (around.isAssignableFrom(raw)) {
                    checkRecordable(type.as(around).getGeneric(0));
                }
            }
            if (adapter != null && !CompletionStage.class.isAssignableFrom(raw)) {
                checkRecordable(type.getGeneric(0));
            }
        }
    }
}
