# The program in a virtual environment of its own, without what builds it. Nothing runs as root, nothing is written
# outside of /data; settings come from the environment.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY orderflow orderflow
COPY migrations migrations
COPY static static
RUN python -m venv --without-pip /opt/orderflow \
    && pip --python /opt/orderflow/bin/python install --no-cache-dir --disable-pip-version-check .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home orderflow && install -d -m 0700 -o orderflow /data
COPY --from=build /opt/orderflow /opt/orderflow
ENV PATH=/opt/orderflow/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 ORDERFLOW_DATA=/data
# By number, so that who runs it can check that it is not root.
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Lets requests under way end, and tells sockets to come back.
STOPSIGNAL SIGTERM
ENTRYPOINT ["orderflow"]
CMD ["serve"]
