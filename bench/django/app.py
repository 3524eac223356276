"""The same view in Django, in one file: a million rows, a row for each chunk."""

import platform

import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="not a secret: this serves a benchmark on the loopback",
)
django.setup()


def rows(count):
    for index in range(count):
        yield f"{index},2026-07-28T12:00:00.000Z,customer-{index % 997},shipped,EUR,{index % 10000}.50\n"


def export(request):
    count = int(request.GET["n"])
    return StreamingHttpResponse(rows(count), content_type="text/csv; charset=utf-8")


def versions(request):
    return HttpResponse(f"Python {platform.python_version()}, Django {django.__version__}")


urlpatterns = [path("rows/sync", export), path("versions", versions)]

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

wsgi = get_wsgi_application()
asgi = get_asgi_application()
