package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.Part;
import java.security.Principal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ui.Model;
import org.springframework.validation.BindingResult;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.util.UriComponentsBuilder;

class FrameworkTypesTest {

    @ParameterizedTest
    @ValueSource(
            classes = {
                ServletRequest.class,
                HttpServletRequest.class,
                HttpServletResponse.class,
                HttpSession.class,
                Principal.class,
                Model.class,
                BindingResult.class,
                WebRequest.class,
                UriComponentsBuilder.class
            })
    void whatAFrameworkFillsInSaysNothingOfTheRequest(Class<?> type) {
        assertThat(FrameworkTypes.isFrameworkType(type)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(classes = {Part.class, MultipartFile.class, String.class, Object.class})
    void whatTheClientSendsIsTheRequest(Class<?> type) {
        assertThat(FrameworkTypes.isFrameworkType(type)).isFalse();
    }
}
