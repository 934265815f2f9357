; The set-up of the agent: tools/windows/nsis.py gives the defines and runs makensis.
;   …-setup.exe /S SERVER_URL=https://… ENROLMENT_TOKEN=… [PRACTICE_ID=…] [CA_FILE=…] [ROOT_FILE=…] [POLICY_FILE=…] [DELAYED_START=1]
;   uninstall.exe /S [PURGE=1]
; It unpacks; everything else is done by `agent.exe setup`, whose words are in logs\setup.log. Exit code 1603: refused.
Unicode true
Target amd64-unicode            ; a 32-bit stub does nothing where Windows has no 32-bit part, and returns 0
!ifdef QUICK
SetCompressor zlib
!else
SetCompressor /SOLID lzma
!endif
SetDateSave off                 ; two builds give the same bytes
RequestExecutionLevel admin
!define SERVICE "CanopeeAgent"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\CanopeeAgent"
!define EVENTS_KEY "SYSTEM\CurrentControlSet\Services\EventLog\Application\CanopeeAgent"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\English.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\French.nlf"
LangString Product ${LANG_ENGLISH} "Canopée Agent"
LangString Product ${LANG_FRENCH} "Agent Canopée"
LangString Refused ${LANG_ENGLISH} "The agent is not installed:"
LangString Refused ${LANG_FRENCH} "L'agent n'est pas installé :"
LangString StillThere ${LANG_ENGLISH} "The service cannot be removed; nothing was uninstalled:"
LangString StillThere ${LANG_FRENCH} "Le service ne peut pas être supprimé ; rien n'a été désinstallé :"
Name "$(Product)"
OutFile "${OUT}"
Icon "${ICON}"
UninstallIcon "${ICON}"
ShowInstDetails nevershow
ShowUninstDetails nevershow
VIProductVersion "${NUMBERS}"
!macro Version LANGUAGE PRODUCT DESCRIPTION
    VIAddVersionKey /LANG=${LANGUAGE} ProductName "${PRODUCT}"
    VIAddVersionKey /LANG=${LANGUAGE} FileDescription "${DESCRIPTION}"
    VIAddVersionKey /LANG=${LANGUAGE} CompanyName "Canopée"
    VIAddVersionKey /LANG=${LANGUAGE} FileVersion "${VERSION}"
    VIAddVersionKey /LANG=${LANGUAGE} ProductVersion "${VERSION}"
    VIAddVersionKey /LANG=${LANGUAGE} LegalCopyright "Apache-2.0"
!macroend
!insertmacro Version ${LANG_ENGLISH} "Canopée Agent" "Canopée Agent set-up"
!insertmacro Version ${LANG_FRENCH} "Agent Canopée" "Installation de l'agent Canopée"
!include FileFunc.nsh
!include LogicLib.nsh
!include x64.nsh
!ifdef SIGN                     ; a command that signs the file named after it, in place
!uninstfinalize '${SIGN} "%1"' = 0
!finalize '${SIGN} "%1"' = 0
!endif
Var Parameters
Var WasThere
Page instfiles
UninstPage instfiles

; NAME=value, as for an MSI. The first character of the option is what ends its value: with a slash there, an address would be cut.
; By the environment, not the command line, which Windows may be told to note.
!macro Pass NAME
    ${GetOptions} "$Parameters" " ${NAME}=" $0
    System::Call 'kernel32::SetEnvironmentVariable(t "CANOPEE_${NAME}", t "$0")'
!macroend

Function .onInit
    SetRegView 64
    SetShellVarContext all
    StrCpy $INSTDIR "$PROGRAMFILES64\Canopee"   ; never elsewhere (/D=): where users may write, they would be the service
    ${GetParameters} $Parameters
    StrCpy $Parameters " $Parameters"
    !insertmacro Pass SERVER_URL
    !insertmacro Pass ENROLMENT_TOKEN
    !insertmacro Pass PRACTICE_ID
    !insertmacro Pass CA_FILE
    !insertmacro Pass ROOT_FILE
    !insertmacro Pass POLICY_FILE
    !insertmacro Pass DELAYED_START
    System::Call 'kernel32::SetEnvironmentVariable(t "CANOPEE_FOLDER", t "$EXEDIR")'
    ClearErrors
FunctionEnd

; Stop the service, and wait until its files are free: some systems say that it has stopped a little before that.
Function Halt
    ${IfNot} ${FileExists} "$INSTDIR\launcher.exe"
        Return
    ${EndIf}
    nsExec::Exec '"$SYSDIR\net.exe" stop ${SERVICE}'
    Pop $0
    StrCpy $1 0
    ${Do}
        ClearErrors
        Delete "$INSTDIR\launcher.exe"
        ${IfNot} ${Errors}
            ${ExitDo}
        ${EndIf}
        Sleep 250
        IntOp $1 $1 + 1
    ${LoopUntil} $1 > 120
    ${If} ${Errors}             ; somebody holds it, an antivirus perhaps: what is held can still be renamed
        ClearErrors
        Delete "$INSTDIR\launcher.old"
        Rename "$INSTDIR\launcher.exe" "$INSTDIR\launcher.old"
        Delete /REBOOTOK "$INSTDIR\launcher.old"
    ${EndIf}
    ClearErrors
FunctionEnd

; Run the new agent.exe with what is on the stack; its exit code and its words come back there.
Function Agent
    Exch $0
    nsExec::ExecToStack /TIMEOUT=180000 '"$INSTDIR\slots\${VERSION}\agent.exe" $0'
    Pop $0
    Exch $0
FunctionEnd

Section
    StrCpy $WasThere 0
    ${If} ${FileExists} "$INSTDIR\slots\${VERSION}\agent.exe"   ; a repair: its files are in use
        StrCpy $WasThere 1
        Call Halt
    ${EndIf}
    SetOutPath "$INSTDIR\slots\${VERSION}"
    File /r "${SLOT}\*.*"
    SetOutPath "$INSTDIR"
    Push "setup --check"
    Call Agent
    Pop $2
    Pop $3
    ${If} $2 != 0
        ${If} $WasThere == 1
            File "${LAUNCHER}"
            nsExec::Exec '"$SYSDIR\net.exe" start ${SERVICE}'
            Pop $0
        ${Else}
            SetOutPath "$TEMP"
            RMDir /r "$INSTDIR\slots\${VERSION}"
            RMDir "$INSTDIR\slots"
        ${EndIf}
        Goto refused
    ${EndIf}
    ${If} $WasThere == 0
        Call Halt
    ${EndIf}
    File "${LAUNCHER}"
!ifdef ROOT
    File "/oname=root.json" "${ROOT}"
!endif
!ifdef POLICY
    File "/oname=policy.default.toml" "${POLICY}"
!endif
    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayName" "$(Product)"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\launcher.exe"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "Publisher" "Canopée"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKLM "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKLM "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoModify" 1
    WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoRepair" 1
    Push "setup"
    Call Agent
    Pop $2
    Pop $3
    ${If} $2 == 0
        Return
    ${EndIf}
refused:
    SetErrorLevel 1603
    MessageBox MB_ICONSTOP|MB_OK "$(Refused)$\r$\n$3" /SD IDOK
    Abort
SectionEnd

Function un.onInit
    SetRegView 64
    SetShellVarContext all
FunctionEnd

; Any slot can take the service down; the one that is installed may have gone since.
Function un.Teardown
    ${GetParameters} $Parameters
    ${GetOptions} " $Parameters" " PURGE=" $4
    StrCpy $2 "no slot"
    FindFirst $0 $1 "$INSTDIR\slots\*"
    ${DoWhile} $1 != ""
        ${If} ${FileExists} "$INSTDIR\slots\$1\agent.exe"
            nsExec::ExecToStack /TIMEOUT=180000 '"$INSTDIR\slots\$1\agent.exe" teardown --purge=$4'
            Pop $2
            Pop $3
            ${If} $2 == 0
                ${ExitDo}
            ${EndIf}
        ${EndIf}
        FindNext $0 $1
    ${Loop}
    FindClose $0
    ${If} $2 == "no slot"
        nsExec::Exec '"$SYSDIR\net.exe" stop ${SERVICE}'
        Pop $0
        nsExec::Exec '"$SYSDIR\sc.exe" delete ${SERVICE}'
        Pop $0
        DeleteRegKey HKLM "${EVENTS_KEY}"
        StrCpy $2 0
    ${EndIf}
FunctionEnd

Section Uninstall
    Call un.Teardown
    ${If} $2 != 0
        SetErrorLevel 1603
        MessageBox MB_ICONSTOP|MB_OK "$(StillThere)$\r$\n$3" /SD IDOK
        Abort
    ${EndIf}
    RMDir /r /REBOOTOK "$INSTDIR"
    DeleteRegKey HKLM "${UNINSTALL_KEY}"
SectionEnd
