@echo off
rem Starts Lamina on Windows (written for it, not tested on it). The same as the script `lamina`: finds a JDK, builds
rem what is missing or older than its sources, makes an archive of the loaded classes, and hands over to Java.
rem
rem   LAMINA_JAVA_HOME   the JDK to use instead of the first one found
rem   LAMINA_JAVA_OPTS   more options for the JVM

setlocal EnableExtensions DisableDelayedExpansion
set "ROOT=%~dp0"
set "ROOT=%ROOT:~0,-1%"
set "TARGET=%ROOT%\engine\app\target"
set "JAR=%TARGET%\engine-app-0.1.0.jar"
set "BUILT=%TARGET%\lamina\built"
set "ARCHIVE=%TARGET%\lamina\classes.jsa"
set "JDK="

if defined LAMINA_JAVA_HOME (
  call :try "%LAMINA_JAVA_HOME%"
  if not defined JDK (
    echo lamina: LAMINA_JAVA_HOME is %LAMINA_JAVA_HOME%, where there is no JDK 25 or newer. 1>&2
    exit /b 1
  )
)
if not defined JDK if defined JAVA_HOME call :try "%JAVA_HOME%"
for /f "delims=" %%J in ('where java 2^>nul') do if not defined JDK call :try "%%~dpJ.."
for %%B in ("%ProgramFiles%\Java" "%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\BellSoft" "%USERPROFILE%\.jdks" "%USERPROFILE%\scoop\apps") do (
  for /d %%D in ("%%~B\*") do if not defined JDK call :try "%%~D"
)
if not defined JDK (
  echo lamina: no JDK 25 or newer was found ^(looked at LAMINA_JAVA_HOME, JAVA_HOME, java on the PATH, the vendors' folders under %ProgramFiles%, and %USERPROFILE%\.jdks^): install one, for example Eclipse Temurin 25 from https://adoptium.net, or set LAMINA_JAVA_HOME to where it is. 1>&2
  exit /b 1
)

set "STALE="
if not exist "%JAR%" set "STALE=1"
if not exist "%BUILT%" set "STALE=1"
if not defined STALE (
  powershell -NoProfile -Command "$t=(Get-Item $env:BUILT).LastWriteTime; $r=$env:ROOT; if (Get-ChildItem (Join-Path $r '*\src\main'),(Join-Path $r 'engine\*\src\main'),(Join-Path $r '*pom.xml'),(Join-Path $r '*\pom.xml'),(Join-Path $r 'engine\*\pom.xml') -Recurse -ErrorAction SilentlyContinue | Where-Object { $_.LastWriteTime -gt $t } | Select-Object -First 1) { exit 1 }"
  if errorlevel 1 set "STALE=1"
)
if defined STALE call :build || exit /b 1
if not exist "%ARCHIVE%" call :archive

"%JDK%\bin\java" -XX:+UseSerialGC -Xms48m -XX:-UsePerfData --sun-misc-unsafe-memory-access=allow -Xlog:disable -Xlog:all=warning:stderr -Xlog:cds=off:stderr -Xlog:aot=off:stderr %LAMINA_JAVA_OPTS% -XX:SharedArchiveFile="%ARCHIVE%" -jar "%JAR%" %*
exit /b %ERRORLEVEL%

:try
if not exist "%~1\bin\javac.exe" exit /b 0
if not exist "%~1\release" exit /b 0
for /f tokens^=2^ delims^=^"^. %%V in ('findstr /b "JAVA_VERSION=" "%~1\release"') do if %%V GEQ 25 set "JDK=%~f1"
exit /b 0

:build
echo lamina: building (only when something changed; the first time downloads what it needs) 1>&2
if not exist "%TARGET%\lamina" mkdir "%TARGET%\lamina"
if not exist "%ROOT%\target" mkdir "%ROOT%\target"
type nul > "%TARGET%\lamina\started"
if exist "%ARCHIVE%" del "%ARCHIVE%"
pushd "%ROOT%"
set "JAVA_HOME=%JDK%"
call mvnw.cmd -B -q -pl engine/app -am package -Dmaven.test.skip -Dmaven.javadoc.skip -Dmaven.source.skip > "%ROOT%\target\lamina-build.log" 2>&1 < nul
if errorlevel 1 (
  popd
  type "%ROOT%\target\lamina-build.log" 1>&2
  echo lamina: the build failed; what Maven said is above. 1>&2
  exit /b 1
)
popd
move /y "%TARGET%\lamina\started" "%BUILT%" > nul
exit /b 0

:archive
"%JDK%\bin\java" -XX:+UseSerialGC -Xms48m --sun-misc-unsafe-memory-access=allow -XX:ArchiveClassesAtExit="%ARCHIVE%" -Dlamina.cpu.start=turns -jar "%JAR%" run -n 8 -ub 9 > nul 2>&1 < nul
exit /b 0
